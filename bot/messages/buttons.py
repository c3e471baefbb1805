"""The buttons of the bot's messages.

A button's value holds all that its press needs, so it works however old its message is; one that is about
what became of a start names its row. Whoever presses it is asked for their permission then; the message does
not know them.
"""

from bot.messages import words
from bot.messages.message import Block, button, confirmation
from bot.messages.mrkdwn import escape
from bot.model import Invocation, StartRequest
from bot.parsing import JobRef, typed

STOP_JOB = "stop_job"
RTC_ACCESS = "rtc_access"
START_ANOTHER = "start_another"
START_AFTER_ALL = "start_after_all"
LOOK_AGAIN = "look_again"


def stop_button(
    room_id: str, job_id: str, number: int | None = None, *, room_name: str | None = None
) -> Block:
    """Stop a job, after a question.

    Args:
        number: tells the buttons of one message apart, for an action ID may stand in it only once.
    """
    return button(
        "Stop",
        action_id=STOP_JOB if number is None else f"{STOP_JOB}-{number}",
        value=JobRef(room_id, job_id).value,
        style="danger",
        confirm=confirmation(
            "Stop this job?",
            f"Job {escape(job_id, 128)} in room {words.plain_room(room_id, room_name)} ends at once. "
            "Whoever talks to the avatar is cut off.",
            yes="Stop it",
            no="Keep it",
            style="danger",
        ),
    )


def rtc_button(room_id: str, job_id: str) -> Block:
    """Show the one who presses it how to enter the job's RTC room."""
    return button("RTC access", action_id=RTC_ACCESS, value=JobRef(room_id, job_id).value)


def start_another_button(request: StartRequest, room_name: str | None = None) -> Block:
    """Send a start like one that is there already, after a question."""
    label = "Start another"
    question = _once_more(request.room_id, room_name, yes=label)
    return button(label, action_id=START_ANOTHER, value=typed(request), confirm=question)


def start_anyway_button(unknown: Invocation) -> Block:
    """Send a start whose outcome is not known once more, after a question, if it is not known then either."""
    label = "Start anyway"
    question = _once_more(unknown.room_id or "", unknown.room_name, yes=label)
    return button(label, action_id=START_AFTER_ALL, value=unknown.id, confirm=question)


def start_now_button(unsent: Invocation) -> Block:
    """Send a start that never left; nothing can be running yet."""
    return button("Start it now", action_id=START_AFTER_ALL, value=unsent.id)


def look_again_button(invocation_id: str) -> Block:
    """Look once more for the job of a start whose outcome is not known."""
    return button("Look again", action_id=LOOK_AGAIN, value=invocation_id)


def _once_more(room_id: str, room_name: str | None, *, yes: str) -> Block:
    return confirmation(
        "Start the room once more?",
        "Each start makes a job that holds a paid channel until it ends. "
        f"Room {words.plain_room(room_id, room_name)} may then run more than once.",
        yes=yes,
        no="Do not start",
    )
