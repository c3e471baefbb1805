"""The list of the jobs that run, each with a button that stops it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate

from bot.domain.arguments import JobRef
from bot.domain.invocation import JobInvocation, JobState
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.announcement import job_code
from bot.messages.buttons import stop_button
from bot.messages.message import (
    ALL_BLOCKS_LIMIT,
    TEXT_LIMIT,
    Block,
    Message,
    characters,
    context,
    section,
)
from bot.messages.mrkdwn import clock_time, fit_lines, mention

MOST_JOBS = 45
"""Slack takes 50 blocks; the heading, the rest and the small print need some as well."""

_NONE = "No avatar job is running that was started with this bot."
_NONE_SEEN = "No avatar job is running that was started with this bot where you can see it."
_SMALL_PRINT = "Only jobs that were started with this bot are listed."


def jobs_list(
    jobs: Sequence[JobInvocation],
    total: int,
    now: datetime,
    *,
    hidden: int = 0,
    hidden_in: str = "private channels",
) -> Message:
    """The first jobs of so many, in the order given. Those that one message does not hold are counted.

    Args:
        hidden: how many more run that whoever asks may not read of, and `hidden_in` in which channels.
    """
    rest = f"and {hidden} in {hidden_in}" if hidden else ""
    if not jobs:
        return (
            Message(f"{_NONE_SEEN} {hidden} {'runs' if hidden == 1 else 'run'} in {hidden_in}.")
            if hidden
            else Message(_NONE)
        )
    small_print = "\n".join(filter(None, (rest, _SMALL_PRINT)))
    title = f"{total} avatar {'job is' if total == 1 else 'jobs are'} under way."
    lines = [f"• {_line(start, now, between=' · ')}" for start in jobs]
    left = TEXT_LIMIT - len(title) - len(small_print) - 2
    listed = fit_lines(lines, limit=left, most=MOST_JOBS, total=total)
    blocks = tuple(_blocks(title, jobs, total, now, small_print))
    return Message(f"{title}\n{listed}\n{small_print}", blocks)


def _blocks(
    title: str, jobs: Sequence[JobInvocation], total: int, now: datetime, small_print: str
) -> Iterator[Block]:
    frame = [section(f"*{title}*"), section(f"and {total} more"), context(small_print)]
    rows = [_row(start, number, now) for number, start in enumerate(jobs[:MOST_JOBS], 1)]
    sizes = accumulate(characters(row) for row in rows)
    left = ALL_BLOCKS_LIMIT - characters(frame)
    shown = sum(size <= left for size in sizes)
    yield frame[0]
    yield from rows[:shown]
    if shown < total:
        yield section(f"and {total - shown} more")
    yield frame[-1]


def _row(start: JobInvocation, number: int, now: datetime) -> Block:
    ref = JobRef.of(start.request.room_id, start.job.job_id)
    stop = stop_button(ref.room_id, ref.job_id, number, room_name=start.room_name) if ref else None
    return section(_line(start, now, between="\n"), stop)


def _line(start: JobInvocation, now: datetime, *, between: str) -> str:
    """The state, and which job it is: the two halves of a row."""
    life = JobLife(start.job.state or JobState.ACCEPTED)
    age = words.duration((now - start.created_at).total_seconds())
    facts = (
        f"Job {job_code(start.job.job_id)}",
        words.region_name(start.request.region) if start.request.region else "",
        mention(start.origin.user_id),
        f"since {clock_time(start.created_at)} ({age})",
    )
    which = " · ".join(fact for fact in facts if fact)
    return words.headline(words.room(start.request.room_id, start.room_name), life) + between + which
