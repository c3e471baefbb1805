"""What people were promised, what the log says, what the cloud made and what Slack shows, side by side."""

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
from tests.process.conftest import StandIns
from tests.process.crowd import Typed

SHOWN = 20
"""How many rooms are shown of those where something is wrong."""

UNDER_WAY = (Status.RECEIVED, Status.STARTING)

_JOB_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEXT_WEEK = timedelta(weeks=1)

T = TypeVar("T")


def rows_in(database_url: str) -> list[Invocation]:
    """The log of bots that run, oldest first."""
    return _ask(database_url, _all_rows)[::-1]


def nothing_is_under_way(database_url: str) -> bool:
    """Whether every start has come to something."""
    return not any(row.status in UNDER_WAY for row in rows_in(database_url))


def everybody_knows(database_url: str) -> bool:
    """Whether there is nothing left to do for any row, telling people included."""
    return not _ask(database_url, lambda log: log.overdue(datetime.now(UTC) + _NEXT_WEEK, limit=1))


def no_job_runs(database_url: str) -> bool:
    """Whether every job has been told to be over."""
    return not any(row.job_state and not row.job_state.is_over for row in rows_in(database_url))


async def _all_rows(log: Invocations) -> list[Invocation]:
    return [row async for row in log.find()]


def _ask(database_url: str, question: Callable[[Invocations], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with open_database(database_url, read_only=True) as engine:
            return await question(Invocations(engine))

    return asyncio.run(ask())


@dataclass(frozen=True, slots=True)
class Room:
    """All there is to know of one room, in which one person typed one command."""

    room_id: str
    typed: Typed
    rows: Sequence[Invocation]
    jobs: Sequence[str]
    calls: int
    announcements: Mapping[str, int]

    def faults(self) -> Iterator[str]:
        """What is not as it was promised."""
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
            if [(row.status, row.job_id) for row in self.rows] != [(Status.STARTED, job_id)]:
                yield "the log does not know the job that was made"
            if not self.announcements.get(job_id):
                yield "the job was not announced"
        for row in self.rows:
            yield from self._faults_of(row)

    def _faults_of(self, row: Invocation) -> Iterator[str]:
        match row.status:
            case Status.STARTED:
                if row.job_id not in self.jobs:
                    yield "the log knows a job that was not made"
            case Status.UNKNOWN:
                pass  # of a room where no job was made; else the row has to be `started`
            case Status.FAILED:
                if row.reason != reason(Code.INTERRUPTED):
                    yield "it failed, and not because a process ended"
                if self.calls:
                    yield "a start that was sent counts as failed"
            case Status.REFUSED:
                if self.typed.is_promised or self.calls:
                    yield "it was refused and not refused"
                return  # in the very answer to the command, so there is nobody else to tell
            case _:
                yield f"it stays {row.status}"
        if row.lease_until is not None or row.announced_at is None:
            yield "nobody was told what came of it"

    @override
    def __str__(self) -> str:
        rows = [
            f"{row.status}, job {row.job_id}, made {row.created_at:%T}, lease_until {row.lease_until}, "
            f"announced {row.announced_at}, reason {row.reason!r}"
            for row in self.rows
        ]
        return (
            f"{self.room_id}: Slack said {self.typed.error or self.typed.answer!r}; "
            f"rows {rows}; jobs {self.jobs}; start calls {self.calls}; announced {dict(self.announcements)}"
        )


@dataclass(frozen=True, slots=True)
class Reckoning:
    """All rooms."""

    rooms: Sequence[Room]

    @classmethod
    def of(cls, typed: Sequence[Typed], database_url: str, cloud: StandIns) -> Self:
        """As things stand now."""
        rows, jobs, announced = (
            defaultdict[str, list[Invocation]](list),
            defaultdict[str, list[str]](list),
            _announced(cloud),
        )
        for row in rows_in(database_url):
            rows[row.room_id or ""].append(row)
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
        """What is wrong, a line for each room; empty where all is well."""
        wrong = [(room, "; ".join(faults)) for room in self.rooms if (faults := list(room.faults()))]
        return "\n".join(
            [f"{len(wrong)} rooms:" * bool(wrong), *(f"{faults}: {room}" for room, faults in wrong[:SHOWN])]
        ).strip()

    def figures(self) -> str:
        """How it went, in one line."""
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
        """How many jobs were announced more than once."""
        return sum(number > 1 for room in self.rooms for number in room.announcements.values())


def _announced(cloud: StandIns) -> Counter[str]:
    """How often each job was announced to a channel; what stands in threads is about its end."""
    return Counter(
        job_id
        for message in cloud.messages()
        if message["visible_to"] is None and message["thread_ts"] is None
        for job_id in set(_JOB_ID.findall(message["text"]))
    )
