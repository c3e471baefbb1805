"""The buttons of the bot's messages.

A button's value holds all that its press needs, so it works however old its message is. Whoever presses it is
asked for their permission then; the message does not know them.
"""

from bot.messages.message import Block, button, confirmation
from bot.messages.mrkdwn import escape
from bot.model import StartRequest
from bot.parsing import JobRef, typed

STOP_JOB = "stop_job"
RTC_ACCESS = "rtc_access"
START_AGAIN = "start_again"
LOOK_AGAIN = "look_again"

START_ANOTHER = "Start another"
START_ANYWAY = "Start anyway"
START_NOW = "Start it now"


def stop_button(room_id: str, job_id: str, number: int | None = None) -> Block:
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
            f"Job {escape(job_id, 128)} in room {escape(room_id, 64)} ends at once. "
            "Whoever talks to the avatar is cut off.",
            yes="Stop it",
            no="Keep it",
            style="danger",
        ),
    )


def rtc_button(room_id: str, job_id: str) -> Block:
    """Show the one who presses it how to enter the job's RTC room."""
    return button("RTC access", action_id=RTC_ACCESS, value=JobRef(room_id, job_id).value)


def start_again_button(label: str, request: StartRequest) -> Block:
    """Send the same start once more; after a question, unless nothing can be running yet (START_NOW)."""
    question = confirmation(
        "Start the room once more?",
        "Each start makes a job that holds a paid channel until it ends. "
        f"Room {escape(request.room_id, 64)} may then run more than once.",
        yes=label,
        no="Do not start",
    )
    return button(
        label,
        action_id=START_AGAIN,
        value=typed(request),
        confirm=None if label == START_NOW else question,
    )


def look_again_button(invocation_id: str) -> Block:
    """Look once more for the job of a start whose outcome is not known."""
    return button("Look again", action_id=LOOK_AGAIN, value=invocation_id)
