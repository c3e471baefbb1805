"""Messages about a start of unknown outcome, after a look at the jobs of the room."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.invocation import Invocation, RoomInvocation
from bot.errors import OutcomeUnknown
from bot.messages import words
from bot.messages.buttons import look_again_button, start_anyway_button, use_job_button
from bot.messages.failures import happened, reference
from bot.messages.message import TEXT_LIMIT, Message, actions, composed, context, section
from bot.messages.mrkdwn import code, escape, fit_lines, mention, moment
from bot.messages.reasons import advice

_MOST_FOUND = 10
_ADVICE_LIMIT = 1000
_ID_LIMIT = 2900
"""A job ID is shown whole wherever a section can hold it."""

_ALL_IDS_LIMIT = 6000
"""Of all IDs together, so that the message has room for them."""


@dataclass(frozen=True, slots=True)
class Look:
    """The result of a look at the jobs of a room.

    `found` are the IDs of those that may be the start's own and yet are not surely so; where MetaStudio could
    not be `asked`, nothing is known of them. `rivals` are other starts whose they may be as well.
    """

    found: tuple[str, ...] = ()
    asked: bool = True
    rivals: tuple[str, ...] = ()


def outcome_unknown(
    invocation: RoomInvocation,
    error: OutcomeUnknown,
    *,
    look: Look,
    again: datetime | None = None,
    asking: Invocation | None = None,
) -> Message:
    """Say that the outcome of the start is unknown. The person can look again, or start the room anyway.

    Args:
        again: when it was looked again because the person wanted it.
        asking: what they did for that; who made a start that they may not read of is not told.
    """
    room = words.room(invocation.request.room_id, invocation.room_name)
    verdict = (
        f"{words.unknown_start(room)}.\n"
        f"{happened(error)} The start was not sent again, so that nothing runs twice."
    )
    seen, todo = _seen(look)
    shown = _shown(look)
    paragraphs = (verdict, f"{seen}\n{escape(todo or advice(error), _ADVICE_LIMIT)}")
    jobs = [f"This may be yours: job {code(job_id, _ID_LIMIT)}." for job_id in shown]
    uses = [use_job_button(invocation.id, job_id, number) for number, job_id in enumerate(shown, 1)]
    left = len(look.found) - len(shown)
    more = (f"and {left} more",) if left else ()
    looked = f"Looked again: {moment(again)} · " if again else ""
    is_visible = asking is None or invocation.is_visible_to(asking)
    who = f"{mention(invocation.origin.user_id)} · " if is_visible else ""
    small_print = f"{looked}{who}{reference(invocation, error)}"
    free = TEXT_LIMIT - sum(len(part) + 1 for part in (*paragraphs, small_print))
    listed = fit_lines(jobs, limit=free, most=_MOST_FOUND, total=len(look.found))
    return Message(
        "\n".join((*paragraphs, *([listed] if listed else ()), small_print)),
        (
            *(section(paragraph) for paragraph in paragraphs),
            *(section(text, use) for text, use in zip(jobs, uses, strict=True)),
            *(section(text) for text in more),
            actions([look_again_button(invocation.id), start_anyway_button(invocation, look.found)]),
            context(small_print),
        ),
    )


def settled_already(invocation: RoomInvocation, asking: Invocation) -> Message:
    """In place of the buttons, once the start's job was found; the job is told to who may read of it."""
    room = words.capital(words.room(invocation.request.room_id, invocation.room_name))
    told = invocation.job if invocation.is_visible_to(asking) else None
    job = f": job {code(told.job_id, _ID_LIMIT)}" if told else ""
    return Message(f"✅  {room} did start{job}.")


def _seen(look: Look) -> tuple[str, str]:
    """Return the result of the look, and what to do. Without an answer, the error tells both."""
    if not look.asked:
        return "MetaStudio could not be asked which jobs run.", ""
    if not look.found:
        return (
            "MetaStudio lists no new job in this room.",
            "Look again in a moment. If there is still none, start it anyway.",
        )
    others = "This room was started by others as well. " if look.rivals else ""
    if len(look.found) == 1:
        return (
            f"{others}MetaStudio lists a job in this room, and it cannot be told whether it is yours.",
            "Use it if it is. Start it anyway only if this job is somebody else's.",
        )
    count = f"{len(look.found)} jobs"
    return (
        f"{others}MetaStudio lists {count} in this room, and it cannot be told which is yours.",
        "Ask who else starts this room, and use yours. Start it anyway only if none of these jobs is yours.",
    )


def _shown(look: Look) -> list[str]:
    shown: list[str] = []
    for job_id in look.found[:_MOST_FOUND]:
        if sum(len(code(each, _ID_LIMIT)) for each in (*shown, job_id)) <= _ALL_IDS_LIMIT:
            shown.append(job_id)
    return shown


def no_such_job(unknown: RoomInvocation, job_id: str) -> Message:
    """The job of a button is not in the room's list any more."""
    room = words.room(unknown.request.room_id, unknown.room_name)
    return _unchanged(f"MetaStudio does not list job {code(job_id, _ID_LIMIT)} in {room} any more.", unknown)


def not_looked(job_id: str) -> Message:
    """It could not be found out whether the job of a button is still there."""
    return Message(
        f"Nothing was changed: job {code(job_id, _ID_LIMIT)} could not be looked up.\n"
        "Press the button once more in a moment."
    )


def somebodys(unknown: RoomInvocation, job_id: str, owner: Invocation | None) -> Message:
    """The job of a button belongs to another start by now."""
    who = f" by {mention(owner.origin.user_id)}" if owner else ""
    return _unchanged(f"Job {code(job_id, _ID_LIMIT)} was made by another start{who}.", unknown)


def _unchanged(why: str, unknown: RoomInvocation) -> Message:
    return composed(f"Nothing was changed: {why}", buttons=[look_again_button(unknown.id)])
