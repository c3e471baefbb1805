"""The buttons of the bot's messages.

A button's value holds all that its press needs, so it works however old its message is. One that starts
something names a row of the log, which takes it once. Whoever presses it is asked for their permission then;
the message does not know them.
"""

from collections.abc import Sequence

from bot.domain.arguments import ButtonValue, JobRef, StartAnyway
from bot.domain.invocation import Invocation, RoomInvocation
from bot.messages import words
from bot.messages.message import BUTTON_VALUE_LIMIT, Block, button, confirmation, link_button
from bot.messages.mrkdwn import escape

STOP_JOB = "stop_job"
RTC_ACCESS = "rtc_access"
DETAILS = "details"
OPEN_ANNOUNCEMENT = "open_announcement"
START_AGAIN = "start_again"
START_ANOTHER = "start_another"
START_AFTER_ALL = "start_after_all"
STOP_AND_START = "stop_and_start"
LOOK_AGAIN = "look_again"
USE_JOB = "use_job"


def stop_button(
    room_id: str,
    job_id: str,
    number: int | None = None,
    *,
    label: str = "Stop",
    room_name: str | None = None,
) -> Block:
    """Stop a job, after a question.

    Args:
        number: tells the buttons of one message apart, for an action ID may stand in it only once.
    """
    return button(
        label,
        action_id=_numbered(STOP_JOB, number),
        value=JobRef(room_id, job_id).value,
        style="danger",
        confirm=stop_question(_ends(job_id, room_id, room_name)),
    )


def rtc_button(room_id: str, job_id: str, number: int | None = None) -> Block:
    """Show the one who presses it how to enter the job's RTC room; `number` as in `stop_button`."""
    value = JobRef(room_id, job_id).value
    return button("RTC access", action_id=_numbered(RTC_ACCESS, number), value=value)


def details_button(invocation_id: str) -> Block:
    """Show the one who presses it everything that is known of a start's job."""
    return button("Details", action_id=DETAILS, value=invocation_id)


def open_button(address: str) -> Block:
    """Show an announcement in its channel."""
    return link_button("Open it", action_id=OPEN_ANNOUNCEMENT, url=address)


def start_another_button(refused: RoomInvocation) -> Block:
    """Send a start that was refused as a duplicate, after a question."""
    label = "Start another"
    question = _once_more(refused.request.room_id, refused.room_name, yes=label)
    return button(label, action_id=START_ANOTHER, value=refused.id, confirm=question)


def start_anyway_button(unknown: RoomInvocation, shown: Sequence[str] = ()) -> Block:
    """Send a start whose outcome is not known once more, after a question, if it is not known then either.

    Args:
        shown: the jobs that the message names; one that is found later is told first.
    """
    label = "Start anyway"
    question = _once_more(unknown.request.room_id, unknown.room_name, yes=label)
    value = StartAnyway.beside(unknown.id, shown).value
    return button(label, action_id=START_AFTER_ALL, value=value, confirm=question)


def use_job_button(unknown_id: str, job_id: str, number: int) -> Block | None:
    """Take a job for the one of a start; None where a button cannot hold its ID, or not as it is."""
    value = ButtonValue(unknown_id, job_id).value
    if escape(value, BUTTON_VALUE_LIMIT) != value:
        return None
    return button("Use this one", action_id=f"{USE_JOB}-{number}", value=value)


def start_now_button(unsent: Invocation) -> Block:
    """Send a start that never left; nothing can be running yet."""
    return button("Start it now", action_id=START_AFTER_ALL, value=unsent.id)


def start_again_button(over: Invocation, number: int | None = None) -> Block:
    """Start a room once more whose job is over. It stands where everybody of the channel may press it."""
    return button("Start again", action_id=_numbered(START_AGAIN, number), value=over.id, style="primary")


def retry_button(failed: Invocation, *, is_first: bool = True) -> Block:
    """Send a start once more that certainly made no job.

    Args:
        is_first: this is what the person most probably wants.
    """
    style = "primary" if is_first else None
    return button("Start again", action_id=START_AFTER_ALL, value=failed.id, style=style)


def stop_and_start_button(refused: RoomInvocation, job_id: str, number: int) -> Block:
    """Stop a job that holds a room, after a question, and send the start that the room had no place for."""
    what = _ends(job_id, refused.request.room_id, refused.room_name)
    return button(
        "Stop and start mine",
        action_id=f"{STOP_AND_START}-{number}",
        value=ButtonValue(refused.id, job_id).value,
        confirm=stop_question(
            what,
            "Your start is sent when it has ended.",
            title="Stop this job and start yours?",
            yes="Stop and start",
        ),
    )


def look_again_button(invocation_id: str, number: int | None = None) -> Block:
    """Look once more for the job of a start whose outcome is not known."""
    return button("Look again", action_id=_numbered(LOOK_AGAIN, number), value=invocation_id)


def stop_question(what: str, then: str = "", *, title: str = "Stop this job?", yes: str = "Stop it") -> Block:
    """Return the question before a job is stopped.

    Args:
        what: the sentence that says what ends.
        then: a sentence that says what comes after it.
    """
    text = " ".join(part for part in (what, "Whoever talks to the avatar is cut off.", then) if part)
    return confirmation(title, text, yes=yes, no="Keep it", style="danger")


def _ends(job_id: str, room_id: str, room_name: str | None) -> str:
    return f"Job {escape(job_id, 128)} in room {words.plain_room(room_id, room_name)} ends at once."


def _numbered(action_id: str, number: int | None) -> str:
    return action_id if number is None else f"{action_id}-{number}"


def _once_more(room_id: str, room_name: str | None, *, yes: str) -> Block:
    return confirmation(
        "Start the room once more?",
        "Each start makes a job that holds a paid channel until it ends. "
        f"Room {words.plain_room(room_id, room_name)} may then run more than once.",
        yes=yes,
        no="Do not start",
    )
