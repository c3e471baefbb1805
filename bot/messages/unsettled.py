"""What is told of a start whose outcome is not known, once the room's jobs have been looked at."""

from dataclasses import dataclass
from datetime import datetime

from bot.errors import OutcomeUnknown
from bot.messages.buttons import look_again_button, start_anyway_button
from bot.messages.failures import happened, reference, what_to_do
from bot.messages.message import Message, with_buttons
from bot.messages.mrkdwn import code, moment
from bot.model import Invocation

_MOST_FOUND = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a room's jobs brought.

    `found` are the IDs of those that may be the start's own and yet are not surely so; where MetaStudio could
    not be `asked`, nothing is known of them.
    """

    found: tuple[str, ...] = ()
    asked: bool = True


def unsettled(
    invocation: Invocation, error: OutcomeUnknown, *, look: Look, again: datetime | None = None
) -> Message:
    """That it is not known what came of the start; the person can look again, or start the room anyway.

    Args:
        again: when it was looked again because the person wanted it.
    """
    verdict = (
        f"*It is not known whether room {code(invocation.room_id or '')} started.* "
        "The start was not sent again, so that nothing runs twice."
    )
    seen, advice = _seen(look)
    return with_buttons(
        f"{verdict}\n{happened(error)}",
        f"{seen}\n{what_to_do(advice or error.advice)}",
        buttons=[look_again_button(invocation.id), start_anyway_button(invocation)],
        small_print=(f"Looked again: {moment(again)} · " if again else "") + reference(invocation, error),
    )


def settled_already(invocation: Invocation) -> Message:
    """In place of the buttons, once the start's job was found."""
    job, room = code(invocation.job_id or ""), code(invocation.room_id or "")
    return Message(f"This start is settled: job {job} in room {room}.")


def _seen(look: Look) -> tuple[str, str]:
    """What the look brought, and what to do about it; where there was no answer, the error knows."""
    if not look.asked:
        return "MetaStudio could not be asked which jobs run.", ""
    if not look.found:
        return (
            "MetaStudio lists no new job in this room.",
            "Look again in a moment. If there is still none, start it anyway.",
        )
    if len(look.found) == 1:
        [job_id] = look.found
        return (
            f"MetaStudio lists a new job in this room, and it may be yours or not: {code(job_id)}.",
            "Look again in a moment. Start it anyway only if this job is somebody else's.",
        )
    listed = ", ".join(code(job_id) for job_id in look.found[:_MOST_FOUND])
    left = len(look.found) - _MOST_FOUND
    more = f" and {left} more" if left > 0 else ""
    count = f"{len(look.found)} new jobs"
    return (
        f"MetaStudio lists {count} in this room, and it cannot be told which is yours: {listed}{more}.",
        "Ask who else starts this room. Start it anyway only if none of these jobs is yours.",
    )
