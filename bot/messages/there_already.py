"""Messages about a start that is not sent because an equal one exists or its button was used."""

from datetime import datetime

from bot.domain.arguments import JobRef
from bot.domain.invocation import Invocation, Job, JobState, RoomInvocation, Source, Status
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.buttons import (
    look_again_button,
    open_button,
    start_another_button,
    start_anyway_button,
    start_now_button,
    stop_button,
)
from bot.messages.links import announcement_link
from bot.messages.message import Block, Message, composed
from bot.messages.mrkdwn import clock_time, code, escape, mention
from bot.messages.reasons import sentence

ID_LIMIT = 2000
"""Maximum characters of a job ID in a message: none is cut."""

_PAID = "Your start was not sent: each job holds a paid channel."
_UNREADABLE = "somebody in a channel that cannot be read from here"


def duplicate(
    existing: RoomInvocation,
    refused: RoomInvocation,
    *,
    workspace_url: str | None = None,
    may_stop: bool = True,
) -> Message:
    """Say that an equal start exists: its job runs, it is under way, or its outcome is unknown.

    A job of a channel that the person cannot read is not named.

    Args:
        refused: the row of the start that was not sent.
        workspace_url: where Slack shows the workspace, for a link to the announcement.
        may_stop: the policy lets the person stop the job.
    """
    room = words.room(refused.request.room_id, refused.room_name or existing.room_name)
    ago = _ago(_began(existing), refused.created_at)
    by = f"by {_who(existing, refused)}, {ago}"
    match existing.status:
        case Status.STARTED:
            link = announcement_link(workspace_url, existing)
            buttons = [*([open_button(link)] if link else ()), *(_stop(existing) if may_stop else ())]
            return _running_already(existing, refused, room, by, buttons)
        case Status.UNKNOWN:
            return composed(
                f"{words.unknown_start(room)}, {by}.\n{_PAID}\n"
                "Look again whether its job is there. Start it anyway only if it is not.",
                buttons=_of_an_unknown(existing),
            )
        case _:
            where = f" in {words.region_name(existing.request.region)}" if existing.request.region else ""
            return composed(
                f"⏳  {words.capital(room)} is starting already{where}, {by}.\n{_PAID}",
                buttons=[start_another_button(refused)],
            )


def _running_already(
    existing: RoomInvocation,
    refused: RoomInvocation,
    room: str,
    by: str,
    buttons: list[Block],
) -> Message:
    headline = words.headline(room, JobLife(_state(existing.job, JobState.RUNNING)))
    another = start_another_button(refused)
    if not existing.is_visible_to(refused):
        return composed(f"{headline} already, started {by}.\n{_PAID}", buttons=[another])
    since = clock_time(_began(existing))
    job = f"Job {code(_id_of(existing), ID_LIMIT)} · started {by} · since {since}"
    return composed(f"{headline} already.\n{job}\n{_PAID}", buttons=[*buttons, another])


def _stop(start: RoomInvocation) -> list[Block]:
    ref = JobRef.of(start.request.room_id, _id_of(start))
    if ref is None:
        return []
    return [stop_button(ref.room_id, ref.job_id, label="Stop it", room_name=start.room_name)]


def used(existing: RoomInvocation, asking: Invocation, *, workspace_url: str | None = None) -> Message:
    """Say that a button was used before, and the outcome of the start that it led to."""
    room = words.room(existing.request.room_id, existing.room_name)
    ago = _ago(existing.created_at, asking.created_at)
    what = "form" if asking.source is Source.FORM else "button"
    opening = f"This {what} works once: {_who(existing, asking)} used it {ago}."
    match existing.status:
        case Status.STARTED:
            headline = words.headline(room, JobLife(_state(existing.job, JobState.ACCEPTED)))
            job = f"\nJob {code(_id_of(existing), ID_LIMIT)}" if existing.is_visible_to(asking) else ""
            link = announcement_link(workspace_url, existing) if job else None
            return composed(f"{headline}.{job}\n{opening}", buttons=[open_button(link)] if link else [])
        case Status.UNKNOWN:
            return composed(f"{words.unknown_start(room)}.\n{opening}", buttons=_of_an_unknown(existing))
        case Status.RECEIVED | Status.STARTING:
            return Message(f"⏳  {words.capital(room)} is starting.\n{opening}")
        case _:
            why = existing.reason
            # The person may be in a private channel.
            reason = escape(sentence(why), 1000) if why and not why.names_person else ""
            return composed(
                f"🔴  {words.capital(room)} was not started. {reason}".rstrip() + f"\n{opening}",
                buttons=[start_now_button(existing)],
            )


def _who(existing: Invocation, asking: Invocation) -> str:
    if existing.origin.user_id == asking.origin.user_id:
        return "you"
    return mention(existing.origin.user_id) if existing.is_visible_to(asking) else _UNREADABLE


def _of_an_unknown(start: RoomInvocation) -> list[Block]:
    return [look_again_button(start.id), start_anyway_button(start)]


def _ago(then: datetime, now: datetime) -> str:
    seconds = (now - then).total_seconds()
    return f"{words.duration(seconds)} ago" if seconds >= 1 else "just now"


def _began(start: Invocation) -> datetime:
    return (start.job.started_at if start.job else None) or start.created_at


def _state(job: Job | None, otherwise: JobState) -> JobState:
    return (job.state if job else None) or otherwise


def _id_of(start: Invocation) -> str:
    return start.job.job_id if start.job else ""
