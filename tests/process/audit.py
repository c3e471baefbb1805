"""Compare the promises to people with the invocation log, the cloud's jobs and Slack's messages."""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar

from typing_extensions import override

from bot.domain.invocation import Invocation, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.connect import open_database
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from tests.fakes import flat
from tests.process.conftest import StandIns
from tests.process.crowd import Typed

SHOWN = 20
"""The most faulty rooms to show."""

UNDER_WAY = (Status.RECEIVED, Status.STARTING)

_JOB_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEXT_WEEK = timedelta(weeks=1)

T = TypeVar("T")


def rows_in(database_url: str) -> list[Invocation]:
    """Return the invocation log of running bots, oldest first."""
    return _ask(database_url, _all_rows)[::-1]


def nothing_is_under_way(database_url: str) -> bool:
    """Return True if no start is in progress any more."""
    return not any(row.status in UNDER_WAY for row in rows_in(database_url))


def everybody_knows(database_url: str) -> bool:
    """Return True if no row has work left, and all people are told."""

    async def left(log: Invocations) -> bool:
        later = datetime.now(UTC) + _NEXT_WEEK
        untold = [due for due in await Posts(log._database).due(later, limit=1000) if not due.post.done_at]
        return bool(untold or await log.overdue(later, limit=1))

    return not _ask(database_url, left)


def no_job_runs(database_url: str) -> bool:
    """Return True if every job is known to have ended."""
    return not any(flat(row).job_state and not flat(row).job_state.is_over for row in rows_in(database_url))


async def _all_rows(log: Invocations) -> list[Invocation]:
    return [row async for row in log.find()]


def _ask(database_url: str, question: Callable[[Invocations], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with open_database(database_url, read_only=True) as engine:
            return await question(Invocations(engine))

    return asyncio.run(ask())


@dataclass(frozen=True, slots=True)
class Room:
    """Everything known of one room, in which one person typed one command."""

    room_id: str
    typed: Typed
    rows: Sequence[Invocation]
    jobs: Sequence[str]
    calls: int
    announcements: Mapping[str, int]

    def faults(self) -> Iterator[str]:
        """Yield what differs from the promises."""
        if self.typed.is_promised and not self.rows:
            yield "acknowledged, but not in the log"
        if len(self.rows) > 1:
            yield "in the log more than once"
        if len(self.jobs) > 1:
            yield "more than one job was made"
        if self.calls > 1:
            yield "the start was sent more than once"
        if self.calls and not self.rows:
            yield "a start was sent that is not in the log"
        for job_id in self.jobs:
            if [(row.status, flat(row).job_id) for row in self.rows] != [(Status.STARTED, job_id)]:
                yield "the invocation log does not know the job that was made"
            if not self.announcements.get(job_id):
                yield "the job was not announced"
        for row in self.rows:
            yield from self._faults_of(row)

    def _faults_of(self, row: Invocation) -> Iterator[str]:
        match row.status:
            case Status.STARTED:
                if flat(row).job_id not in self.jobs:
                    yield "the invocation log knows a job that was not made"
            case Status.UNKNOWN:
                pass  # without a job; else the row must be `started`
            case Status.FAILED:
                if row.reason != reason(Code.INTERRUPTED):
                    yield "it failed, and not because a process ended"
                if self.calls:
                    yield "a start that was sent counts as failed"
            case Status.REFUSED:
                if self.typed.is_promised or self.calls:
                    yield "it was refused and not refused"
                return  # told in the answer to the command itself, so nobody else needs to be told
            case _:
                yield f"it stays {row.status}"
        if row.lease_until is not None or row.told.announced_at is None:
            yield "nobody was told what came of it"

    @override
    def __str__(self) -> str:
        rows = [
            f"{row.status}, job {flat(row).job_id}, made {row.created_at:%T}, lease_until {row.lease_until}, "
            f"announced {row.told.announced_at}, reason {row.reason!r}"
            for row in self.rows
        ]
        return (
            f"{self.room_id}: Slack said {self.typed.error or self.typed.answer!r}; "
            f"rows {rows}; jobs {self.jobs}; start calls {self.calls}; announced {dict(self.announcements)}"
        )


@dataclass(frozen=True, slots=True)
class Audit:
    """All rooms."""

    rooms: Sequence[Room]

    @classmethod
    def of(cls, typed: Sequence[Typed], database_url: str, cloud: StandIns) -> Self:
        """Compare everything as it is now."""
        rows, jobs, announced = (
            defaultdict[str, list[Invocation]](list),
            defaultdict[str, list[str]](list),
            _announced(cloud),
        )
        for row in rows_in(database_url):
            rows[flat(row).room_id or ""].append(row)
        for job in cloud.jobs():
            jobs[job["room_id"]].append(job["job_id"])
        calls = cloud.start_calls()
        by_room = {command.room_id: command for command in typed}
        assert set(rows) | set(jobs) | set(calls) <= set(by_room), "rooms that nobody asked for"
        return cls(
            [
                Room(
                    room_id,
                    command,
                    rows[room_id],
                    jobs[room_id],
                    calls.get(room_id, 0),
                    {job_id: announced[job_id] for job_id in jobs[room_id]},
                )
                for room_id, command in sorted(by_room.items())
            ]
        )

    def faults(self) -> str:
        """Describe what is wrong, one line for each room; empty if nothing is."""
        wrong = [(room, "; ".join(faults)) for room in self.rooms if (faults := list(room.faults()))]
        return "\n".join(
            [f"{len(wrong)} rooms:" * bool(wrong), *(f"{faults}: {room}" for room, faults in wrong[:SHOWN])]
        ).strip()

    def figures(self) -> str:
        """Return the figures of the run in one line."""
        rows = [row for room in self.rooms for row in room.rows]
        statuses = Counter(row.status.value for row in rows)
        promised = sum(room.typed.is_promised for room in self.rooms)
        return ", ".join(
            [
                f"{len(self.rooms)} typed",
                f"{promised} acknowledged",
                *(f"{number} {status}" for status, number in sorted(statuses.items())),
                f"{sum(row.reason == reason(Code.ADOPTED) for row in rows)} adopted",
                f"{self.announced_twice} announced twice",
            ]
        )

    @property
    def announced_twice(self) -> int:
        """The number of jobs that were announced more than once."""
        return sum(number > 1 for room in self.rooms for number in room.announcements.values())


def _announced(cloud: StandIns) -> Counter[str]:
    """Count the announcements of each job in a channel; thread replies are about its end."""
    return Counter(
        job_id
        for message in cloud.messages()
        if message["visible_to"] is None and message["thread_ts"] is None
        for job_id in set(_JOB_ID.findall(message["text"]))
    )
