"""The message about a start that MetaStudio refused because its room takes no more jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.arguments import JobRef
from bot.domain.invocation import JobInvocation, JobState, RoomInvocation
from bot.errors import ReasonedError
from bot.messages import words
from bot.messages.buttons import retry_button, stop_and_start_button, stop_button
from bot.messages.failures import reference
from bot.messages.links import announcement_link
from bot.messages.message import Block, Message, actions, composed, context, section
from bot.messages.mrkdwn import clock_time, code, link, mention
from bot.reasons import ReasonCode as Code

FULL = {
    Code.ROOM_IS_FULL: "it is full",
    Code.ROOM_HAS_A_JOB: "it has a job already",
}
"""The refusals of a start because of the jobs that its room has."""

MOST_HOLDERS = 3
"""Maximum number of jobs with buttons of their own."""

_TO_HAVE_MORE = "To run more at once, raise its concurrency in the MetaStudio console"
_PERHAPS_OURS = "perhaps of a start whose outcome is not known"
_FIRST_YEAR = 2015
"""A job cannot be older than the service: an earlier date counts as no date."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A job that holds a room, as its reader may see it.

    `start` is the bot's start that made it; without one, it was started outside Slack, at `since`.
    `is_doubtful`: it may also be the job of a start whose outcome is not known. `may_stop`: the policy lets
    the reader stop it.
    """

    job_id: str
    since: datetime | None = None
    start: JobInvocation | None = None
    is_doubtful: bool = False
    may_stop: bool = False


@dataclass(frozen=True, slots=True)
class Holders:
    """The jobs that hold a room: some of them, how many `more` there are, and how many are `hidden`.

    Hidden ones were started in channels that the reader cannot read. `asked`: MetaStudio has listed the jobs;
    otherwise only the invocation log was read.
    """

    jobs: tuple[Holder, ...] = ()
    more: int = 0
    hidden: int = 0
    asked: bool = True


def full_room(
    start: RoomInvocation, error: ReasonedError, holders: Holders, *, workspace_url: str | None = None
) -> Message:
    """Say that the room takes no more jobs, and which jobs hold it, each with buttons.

    Args:
        start: the start that MetaStudio refused.
        workspace_url: where Slack shows the workspace, for links to announcements.
    """
    room = words.capital(words.room(start.request.room_id, start.room_name))
    verdict = f"🔴  {room} was not started: {FULL.get(error.reason.code, 'it takes no more jobs')}."
    lines = [_line(holder, workspace_url) for holder in holders.jobs]
    rest = " ".join(_rest(holders))
    support = f"{mention(start.origin.user_id)} · {reference(start, error)}"
    if not lines:
        return composed(
            f"{verdict}\n{' '.join(part for part in (rest, _TO_HAVE_MORE) if part)}.",
            buttons=[retry_button(start)],
            small_print=support,
        )
    small_print = f"{_TO_HAVE_MORE} · {support}"
    listed = [f"• {line}" for line in lines] if len(lines) > 1 else lines
    return Message(
        "\n".join((verdict, *listed, *([rest] if rest else ()), small_print)),
        (*_blocks(start, holders, verdict, lines, rest), context(small_print)),
    )


def _blocks(
    start: RoomInvocation, holders: Holders, verdict: str, lines: list[str], rest: str
) -> Iterator[Block]:
    """Yield the rows of the jobs, each with its buttons; the only one stands below the verdict."""
    buttons = [list(_buttons(start, holder, number)) for number, holder in enumerate(holders.jobs, 1)]
    again = retry_button(start, is_first=False)
    if len(lines) == 1:
        yield section("\n".join((verdict, *lines, *([rest] if rest else ()))))
        yield actions([*buttons[0], again])
        return
    yield section(verdict)
    for line, of_job in zip(lines, buttons, strict=True):
        yield section(line)
        if of_job:
            yield actions(of_job)
    if rest:
        yield section(rest)
    yield actions([again])


def _line(holder: Holder, workspace_url: str | None) -> str:
    start = holder.start
    if start is None:
        is_dated = holder.since is not None and holder.since.year >= _FIRST_YEAR
        since = [f"since {clock_time(holder.since)}"] if holder.since and is_dated else []
        who = _PERHAPS_OURS if holder.is_doubtful else "started outside Slack"
        return " · ".join([f"Job {code(holder.job_id)}", who, *since])
    address = announcement_link(workspace_url, start)
    state = start.job.state or JobState.ACCEPTED
    parts = (
        f"{words.emoji(state)} Job {code(holder.job_id)}",
        f"started by {mention(start.origin.user_id)}",
        f"since {clock_time(start.job.started_at or start.created_at)}",
        *([link(address, "Open it")] if address else ()),
    )
    return " · ".join(parts)


def _buttons(start: RoomInvocation, holder: Holder, number: int) -> Iterator[Block]:
    ref = JobRef.of(start.request.room_id, holder.job_id)
    if ref is not None and holder.may_stop:
        yield stop_button(ref.room_id, ref.job_id, number, room_name=start.room_name)
        yield stop_and_start_button(start, ref.job_id, number)


def _rest(holders: Holders) -> Iterator[str]:
    if holders.more:
        yield f"+{holders.more} more: `/avatar jobs` lists what was started with this bot."
    if holders.hidden:
        are, channels = ("is", "a channel") if holders.hidden == 1 else ("are", "channels")
        yield f"{holders.hidden} {are} of {channels} that cannot be read from here."
    if not holders.asked:
        yield "MetaStudio did not list the room's jobs in time, so there may be others."
    elif not (holders.jobs or holders.hidden):
        yield "MetaStudio lists no job in it."
