"""The list of jobs: what is under way, then what has just ended. Each has buttons for what its person may do.

Only what one message holds is made: hundreds of jobs are as quick as a few.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from bot.domain.arguments import JobRef
from bot.domain.invocation import Invocation, JobState, RoomInvocation, Status
from bot.domain.job_list import JobList, Listed, May, Outside, OutsideJob
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.announcement import job_code
from bot.messages.buttons import (
    LOOK_AGAIN,
    RTC_ACCESS,
    START_AGAIN,
    STOP_JOB,
    look_again_button,
    rtc_button,
    start_again_button,
    stop_button,
)
from bot.messages.links import announcement_link
from bot.messages.message import (
    ALL_BLOCKS_LIMIT,
    TEXT_LIMIT,
    Block,
    Message,
    actions,
    characters,
    context,
    section,
)
from bot.messages.mrkdwn import clock_time, fit_lines, link, mention

MOST_JOBS = 45
"""Slack takes 50 blocks; the heading, the rest and the small print need some as well."""

_REST = "and {} more"
_SMALL_PRINT = {
    Outside.NONE: "Only jobs that were started with this bot are listed.",
    Outside.SOME: "Not all rooms were looked at in time: jobs started outside Slack may be missing.",
    Outside.ALL: "Jobs started outside Slack are listed too, in rooms of quick starts and of the last day.",
}


def stop_only(action_id: str, _listed: Listed) -> bool:
    """Offer *Stop* beside each job, and nothing else."""
    return action_id == STOP_JOB


def jobs_list(
    listed: JobList,
    now: datetime,
    *,
    may: May = stop_only,
    workspace_url: str | None = None,
    hidden_in: str = "private channels",
) -> Message:
    """List the newest jobs. Those that one message does not hold are counted.

    Args:
        may: which buttons the person may use.
        workspace_url: where Slack shows the workspace, for links to announcements.
        hidden_in: in which channels the hidden jobs are.
    """
    hidden = f"and {listed.hidden} in {hidden_in}" if listed.hidden else ""
    rows = list(newest_first(listed))
    total = _under_way(listed) + len(listed.unknown) + listed.ended_total
    if not rows:
        return Message(_none(listed, hidden_in))
    title = _title(listed)
    small_print = "\n".join(filter(None, (hidden, _SMALL_PRINT[listed.looked_outside])))
    frame = [section(f"*{title}*"), section(_REST.format(total)), context(small_print)]
    lines, blocks = [], list[Block]()
    for line, drawn in draw_rows(rows, now, may, workspace_url, left=ALL_BLOCKS_LIMIT - characters(frame)):
        lines.append(f"• {line}")
        blocks += drawn
    left = total - len(lines)
    text = fit_lines(
        lines, limit=TEXT_LIMIT - len(title) - len(small_print) - 2, most=len(lines), total=total
    )
    rest = [section(_REST.format(left))] if left > 0 else []
    return Message(f"{title}\n{text}\n{small_print}", (frame[0], *blocks, *rest, frame[-1]))


def where_hidden(asking: Invocation) -> str:
    """Return in which channels the jobs are that the person may not see."""
    return "other channels" if asking.origin.foreign_team_id else "private channels"


def newest_first(listed: JobList) -> Iterator[Listed]:
    """Yield what is under way, the newest first; then what is unknown, and what has ended."""
    started: list[Listed] = [*listed.under_way, *listed.outside]
    return chain(sorted(started, key=_began, reverse=True), listed.unknown, listed.ended)


def draw_rows(
    rows: list[Listed],
    now: datetime,
    may: May,
    workspace_url: str | None,
    *,
    left: int,
    most_blocks: int = MOST_JOBS,
) -> Iterator[tuple[str, list[Block]]]:
    """Yield the line and the blocks of each job, as many as fit.

    Args:
        left: how many characters the blocks may have.
        most_blocks: how many blocks there may be.
    """
    runs = {room for row in rows if (room := _room_that_runs(row))}
    for number, row in enumerate(rows, 1):
        state, which = _state(row), _which(row, now, workspace_url)
        drawn = _drawn(f"{state}\n{which}", _buttons(row, number, may, runs))
        left -= characters(drawn)
        most_blocks -= len(drawn)
        if left < 0 or most_blocks < 0:
            return
        yield f"{state} · {which}", drawn


def _drawn(words_of_row: str, buttons: list[Block]) -> list[Block]:
    """One button stands beside the job; several stand in a row of their own."""
    if len(buttons) > 1:
        return [section(words_of_row), actions(buttons)]
    return [section(words_of_row, buttons[0] if buttons else None)]


def _under_way(listed: JobList) -> int:
    return listed.under_way_total + len(listed.outside)


def _title(listed: JobList) -> str:
    count, unknown, ended = _under_way(listed), len(listed.unknown), listed.ended_total
    are = "job is" if count == 1 else "jobs are"
    parts = [
        f"{count} avatar {are} under way" if count else "No avatar job is under way",
        f"{unknown} {'start is' if unknown == 1 else 'starts are'} unknown" if unknown else "",
        f"{ended} ended in the last hour" if ended else "",
    ]
    return ", ".join(part for part in parts if part) + "."


def _none(listed: JobList, hidden_in: str) -> str:
    where = "" if listed.looked_outside is Outside.ALL else " that was started with this bot"
    if listed.hidden:
        run = "runs" if listed.hidden == 1 else "run"
        none = f"No avatar job is running{where} where you can see it."
        return f"{none} {listed.hidden} {run} in {hidden_in}."
    late = f" {_SMALL_PRINT[Outside.SOME]}" if listed.looked_outside is Outside.SOME else ""
    return f"No avatar job is running{where}.{late}"


def _began(row: Listed) -> float:
    since = row.since if isinstance(row, OutsideJob) else row.created_at
    return since.timestamp() if since else 0.0


def _room_that_runs(row: Listed) -> str | None:
    if isinstance(row, OutsideJob):
        return row.room_id
    return None if row.job and row.job.state and row.job.state.is_over else row.request.room_id


def _state(row: Listed) -> str:
    if isinstance(row, OutsideJob):
        return words.headline(words.room(row.room_id, row.room_name), JobLife(row.state))
    room = words.room(row.request.room_id, row.room_name)
    if row.status is Status.UNKNOWN:
        return words.unknown_start(room)
    return words.headline(room, JobLife((row.job.state if row.job else None) or JobState.ACCEPTED))


def _which(row: Listed, now: datetime, workspace_url: str | None) -> str:
    if isinstance(row, OutsideJob):
        facts = [f"Job {job_code(row.job_id)}", _region(row.region), "started outside Slack"]
        return _joined([*facts, _since(row.since, now) if row.since else ""])
    address = announcement_link(workspace_url, row)
    return _joined(
        [
            f"Job {job_code(row.job.job_id)}" if row.job else "",
            _region(row.request.region),
            mention(row.origin.user_id),
            _when(row, now),
            link(address, "open") if address else "",
        ]
    )


def _joined(facts: list[str]) -> str:
    return " · ".join(fact for fact in facts if fact)


def _region(region: str | None) -> str:
    return words.region_name(region) if region else ""


def _when(row: RoomInvocation, now: datetime) -> str:
    ended = row.job.ended_at if row.job else None
    return f"{clock_time(row.created_at)} to {clock_time(ended)}" if ended else _since(row.created_at, now)


def _since(began: datetime, now: datetime) -> str:
    return f"since {clock_time(began)} ({words.duration((now - began).total_seconds())})"


def _buttons(row: Listed, number: int, may: May, runs: set[str]) -> list[Block]:
    if isinstance(row, OutsideJob):
        return _of_a_job(row, JobRef.of(row.room_id, row.job_id), number, may)
    if row.status is Status.UNKNOWN:
        return [look_again_button(row.id, number)] if may(LOOK_AGAIN, row) else []
    if row.job is None:
        return []
    if row.job.state is not None and row.job.state.is_over:
        is_offered = row.request.room_id not in runs and may(START_AGAIN, row)
        return [start_again_button(row, number)] if is_offered else []
    return _of_a_job(row, JobRef.of(row.request.room_id, row.job.job_id), number, may)


def _of_a_job(row: Listed, ref: JobRef | None, number: int, may: May) -> list[Block]:
    if ref is None:
        return []
    stop = stop_button(ref.room_id, ref.job_id, number, room_name=row.room_name)
    return [
        *([stop] if may(STOP_JOB, row) else ()),
        *([rtc_button(ref.room_id, ref.job_id, number)] if may(RTC_ACCESS, row) else ()),
    ]
