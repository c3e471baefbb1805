"""A setting for the watcher: a database, a cloud, a screen, a clock, and any number of watchers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from typing_extensions import override

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.job_state import JobLife
from bot.errors import (
    DatabaseUnavailable,
    JobOver,
)
from bot.posts.loop import DeliveryLoop
from bot.reasons import other
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import Leases
from bot.store.posts import Posts
from bot.store.tables import invocations
from bot.store.watched_jobs import WatchedJob
from bot.watching.completion import Completion
from bot.watching.rooms import Rooms
from bot.watching.watcher import Watcher
from tests.fakes import LOCKED, FakeMetaStudio, FlakyWatchedJobs, an_invocation

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MEI = "U0MEI00001"
LU = "U0LU000001"


@dataclass
class Time:
    """A wall clock and a monotonic clock; only the first can be set."""

    now: datetime = NOON
    seconds: float = 0.0

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass(eq=False)
class CloudOfJobs(FakeMetaStudio):
    """Answers for each room and job as the test says, with its delays, and records the order of the calls."""

    listed: dict[str, list[JobReport]] = field(default_factory=dict)
    told: dict[str, JobReport | Exception] = field(default_factory=dict)
    failing: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)

    def tells(self, room_id: str, **states: str) -> None:
        """Set the jobs in a room's list, with their states."""
        self.listed[room_id] = [JobReport(job_id=job_id, state=state) for job_id, state in states.items()]

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        await self._asked("list", room_id)
        if room_id in self.failing:
            raise self.failing[room_id]
        return tuple(report for report in self.listed.get(room_id, ()) if report.state in states)

    @override
    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        await self._asked("state", job_id)
        report = self.told.get(job_id, JobOver(other("There is no such job.")))
        if isinstance(report, Exception):
            raise report
        return report

    async def _asked(self, what: str, of: str) -> None:
        self.asked.append(f"{what} {of}")
        if what in self.gates:
            await self.gates[what].wait()


@dataclass
class Screen(DeliveryLoop):
    """Records what would be shown, also in the database."""

    posts: Posts
    shown: list[tuple[str, JobLife]] = field(default_factory=list)
    fails: int = 0

    @override
    async def show(self, job: WatchedJob, life: JobLife) -> None:
        if self.fails:
            self.fails -= 1
            raise DatabaseUnavailable(LOCKED)
        self.shown.append((job.job_id, life))
        await self.posts.show(job.invocation_id, life.state, "{}", now=NOON, until=NOON)

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(job_id, life.state.value) for job_id, life in self.shown]


class CompleteJobs(Completion):
    """All jobs are complete."""

    @override
    def take_up(self, job: WatchedJob, *, only_rooms: bool = False) -> None:
        pass


@dataclass
class Play:
    """A database, a cloud, and any number of watchers."""

    database: Database
    time: Time = field(default_factory=Time)
    cloud: CloudOfJobs = field(default_factory=CloudOfJobs)
    pauses: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = Invocations(self.database)
        self.watched_jobs = FlakyWatchedJobs(self.database)
        self.screen = Screen(Posts(self.database))
        self.watcher = self.another("one", self.screen)
        self.rows = 0

    def another(self, holder: str, screen: Screen) -> Watcher:
        """Return the watcher of another process, with the same database and cloud."""
        return Watcher(
            watched_jobs=self.watched_jobs,
            leases=Leases(self.database),
            metastudio=self.cloud,
            posts=screen,
            completion=CompleteJobs(
                watched_jobs=self.watched_jobs, metastudio=self.cloud, rooms=Rooms(self.cloud), posts=screen
            ),
            holder=holder,
            reads_per_second=10,
            now=lambda: self.time.now,
            clock=lambda: self.time.seconds,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def announced(self, job_id: str, room_id: str = "lobby", state: str = "accepted") -> None:
        """Add a job that the bot has just started and announced."""
        await self._record(
            job_id,
            room_id,
            action=Action.START,
            status=Status.STARTED,
            job_state=JobState(state),
            announced_at=self.time.now,
        )

    async def stopped(self, job_id: str, by: str = MEI, **changes: Any) -> None:
        """Add a stop of a job that a person has just made with the bot."""
        await self._record(
            job_id,
            "lobby",
            **(
                {"action": Action.STOP, "status": Status.DONE, "user_id": by, "job_state": JobState.STOPPED}
                | changes
            ),
        )

    async def _record(self, job_id: str, room_id: str, **values: Any) -> None:
        self.rows += 1
        row: dict[str, Any] = {
            "id": f"i{self.rows}",
            "created_at": self.time.now,
            "source": Source.COMMAND,
            "user_id": MEI,
            "job_id": job_id,
            "room_id": room_id,
        }
        assert await self.log.record(an_invocation(**(row | values)))

    async def round(self, watcher: Watcher | None = None) -> list[str]:
        """Update the list of jobs and read all rooms that are due. Return the calls to MetaStudio."""
        watcher = watcher or self.watcher
        self.cloud.asked.clear()
        await watcher.refresh()
        while await watcher.look():
            pass
        return list(self.cloud.asked)

    async def rounds(self, seconds: int, *, every: int = 1) -> list[str]:
        """Do so every second, or every so many seconds, and return the calls."""
        asked = []
        for _ in range(0, seconds, every):
            asked += await self.round()
            self.time.pass_by(every)
        return asked


async def record_thousands(database: Database) -> None:
    """Add 5,000 running jobs, each in its own room."""
    rows = [
        {
            "id": f"{number:032x}",
            "created_at": NOON,
            "action": Action.START,
            "source": Source.COMMAND,
            "status": Status.STARTED,
            "user_id": MEI,
            "text": "",
            "room_id": f"24bad716-87b1-45e5-8912-{number:012}",
            "job_id": f"26f06524-4f75-4b3a-a853-{number:012}",
            "job_state": JobState.RUNNING,
            "announced_at": NOON,
        }
        for number in range(5_000)
    ]
    async with database.connect() as connection:
        at_once = await connection.execution_options(isolation_level="SERIALIZABLE")
        async with at_once.begin():
            await at_once.execute(insert(invocations), rows)
