"""Follow jobs until they are over, by looking at their rooms.

One list call covers all jobs of a room; the state of a job that is not listed is asked for separately. A
lease lets one process at a time do this, so the rate limit for reads holds for all processes together.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from math import inf

import structlog

from bot.domain.invocation import JobState
from bot.domain.job import JobReport
from bot.domain.job_state import UNDER_WAY, JobLife, life_of
from bot.errors import (
    CredentialRefused,
    DatabaseUnavailable,
    JobOver,
    MetaStudioError,
    OperationUnknown,
    OutcomeUnknown,
    RoomUnknown,
    Throttled,
)
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.posts.loop import DeliveryLoop
from bot.runtime.background import repeat_in_background
from bot.store.leases import Leases
from bot.store.watched_jobs import Stop, WatchedJob, WatchedJobs
from bot.watching.completion import Completion
from bot.watching.due_rooms import DueRooms, Room
from bot.watching.rooms import BLIND_SECONDS

LEASE_NAME = "watcher"
LEASE_TIME = timedelta(seconds=15)
REFRESH_SECONDS = 2.0
"""Seconds between renewals of the lease; new jobs and stops are then read from the database as well."""

OVERLAP = timedelta(minutes=1)
"""How far these reads overlap: clocks differ, and a stop is carried out some time after its row was made."""

LOOKS_AT_ONCE = 4
MISSES = 6
"""After so many looks at which MetaStudio did not know a job that has not run yet, the job counts as over."""

MISSES_OF_RUNNING = 3
"""The same for the room of a running job: a single odd answer must not remove its Stop button."""

IDLE_SECONDS = 0.2

_log = structlog.get_logger()


class Watcher:
    """The use case. `holder` names this process; `clock` is monotonic, in seconds."""

    def __init__(
        self,
        *,
        watched_jobs: WatchedJobs,
        leases: Leases,
        metastudio: MetaStudio,
        posts: DeliveryLoop,
        completion: Completion,
        holder: str,
        reads_per_second: float,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._watched_jobs = watched_jobs
        self._leases = leases
        self._metastudio = metastudio
        self._posts = posts
        self._completion = completion
        self._holder = holder
        self._now = now
        self._sleep = sleep
        self._due_rooms = DueRooms(reads_per_second=reads_per_second, clock=clock)
        self._called_at: datetime | None = None
        self._clock = clock
        self._blind_until = -inf
        self._said_blind = False

    async def keep_watching(self) -> None:
        """Follow all jobs, until cancelled; then release the lease to other processes."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    repeat_in_background(self.refresh, every=REFRESH_SECONDS, sleep=self._sleep)
                )
                for _ in range(LOOKS_AT_ONCE):
                    group.create_task(self._keep_looking())
        finally:
            await self._completion.close()
            await self._release()

    async def refresh(self) -> None:
        """Read which jobs there are to follow, and which have been stopped.

        Raises:
            DatabaseUnavailable: the database cannot be read.
        """
        now = self._now()
        if not await self._leases.claim(LEASE_NAME, self._holder, now=now, until=now + LEASE_TIME):
            self._due_rooms.clear()
            self._called_at = None
            await self._completion.close()
            return
        # A clock that was set back must not hide new jobs.
        since = None if self._called_at is None else min(self._called_at, now) - OVERLAP
        can_look = self._can_look
        for job in await self._watched_jobs.followed(since=since if can_look else since or now - OVERLAP):
            if job.invocation_id not in self._due_rooms:
                self._completion.take_up(job, only_rooms=not can_look)
                if can_look:
                    self._due_rooms.add(job)
        for stop in await self._watched_jobs.stops(since=since or now - OVERLAP):
            await self._heed(stop)
        self._called_at = now if can_look and self._can_look else None

    @property
    def _can_look(self) -> bool:
        return self._clock() >= self._blind_until

    async def look(self) -> bool:
        """Look at the room that is due first; return False where none is due."""
        room = self._due_rooms.take() if self._can_look else None
        if room is None:
            return False
        failed = True
        try:
            await self._look_at(room)
            failed = False
            self._said_blind = self._said_blind and not self._can_look
        except OperationUnknown as error:
            self._be_blind(error)
        except (MetaStudioError, DatabaseUnavailable) as error:
            _log.warning("a room could not be looked at", room_id=room.room_id, reason=str(error))
            self._completion.miss(room.jobs.values())
        except Exception:  # noqa: BLE001 - one room must not end the watch of all others
            _log.exception("looking at a room failed", room_id=room.room_id)
        finally:
            self._due_rooms.give_back(room, failed=failed)
        return True

    def _be_blind(self, error: OperationUnknown) -> None:
        """Stop looking for a while: MetaStudio lacks the operation. Several looks at once report it once."""
        if not self._said_blind:
            _log.warning("jobs are not followed: MetaStudio cannot be asked about them", reason=str(error))
        self._said_blind = True
        self._blind_until = self._clock() + BLIND_SECONDS
        self._completion.rely_on_rooms()
        self._due_rooms.clear()

    async def _keep_looking(self) -> None:
        while True:
            if not await self.look():
                await self._sleep(IDLE_SECONDS)

    async def _look_at(self, room: Room) -> None:
        try:
            reports = await self._metastudio.jobs_of_room(
                room.room_id, states=tuple(UNDER_WAY), seconds=READ_SECONDS
            )
        except RoomUnknown:
            for job in tuple(room.jobs.values()):
                await self._miss(job)
            return
        listed = {report.job_id: report for report in reports}
        unanswered: MetaStudioError | None = None
        jobs = tuple(room.jobs.values())
        for job in jobs:
            try:
                await self._follow(job, listed.get(job.job_id))
            except (CredentialRefused, Throttled):
                raise
            except OperationUnknown as error:
                raise OutcomeUnknown(error.reason) from None
            except (
                MetaStudioError
            ) as error:  # perhaps because of this job alone, so the others are asked about too
                unanswered = error
        await self._completion.ask(jobs)
        if unanswered is not None:
            raise unanswered

    async def _follow(self, job: WatchedJob, report: JobReport | None) -> None:
        """Learn where one job stands: from the list, else by asking for its state."""
        is_listed = report is not None and life_of(report) is not None
        if report is None or not is_listed:
            try:
                report = await self._metastudio.state(job.room_id, job.job_id, seconds=READ_SECONDS)
            except JobOver:
                await self._take_for_gone(job)
                return
        life = life_of(report)
        if life is not None and life.state.is_over:
            life = life_of(report, stopped_by=await self._stopper(job))
        await self._completion.hear(job, report, life, listed=is_listed)
        if life is not None:
            job.misses = 0
            await self._show(job, life)

    async def _take_for_gone(self, job: WatchedJob) -> None:
        """Handle a job that MetaStudio does not know: it is over, or too new to be known."""
        stopper = await self._stopper(job)
        if stopper:
            await self._show(job, JobLife(JobState.STOPPED, stopped_by=stopper))
        elif job.seen is JobState.ACCEPTED:
            await self._miss(job)
        else:
            await self._show(job, JobLife(JobState.GONE))

    async def _miss(self, job: WatchedJob) -> None:
        job.misses += 1
        if job.misses >= (MISSES if job.seen is JobState.ACCEPTED else MISSES_OF_RUNNING):
            await self._show(job, JobLife(JobState.GONE))

    async def _stopper(self, job: WatchedJob) -> str | None:
        stop = await self._watched_jobs.stop_of(job.job_id)
        return stop.user_id if stop else None

    async def _show(self, job: WatchedJob, life: JobLife) -> None:
        if not life.state.follows(job.seen) or job.invocation_id not in self._due_rooms:
            return
        await self._posts.show(job, life)
        job.seen = life.state
        self._completion.follow(job, life)
        if life.state.is_over:
            self._due_rooms.remove(job.invocation_id)

    async def _heed(self, stop: Stop) -> None:
        """Note that somebody has stopped a job; the job is over where MetaStudio tells no states."""
        if self._can_look:
            self._due_rooms.hurry(stop.job_id)
            return
        for job in await self._watched_jobs.followed(job_id=stop.job_id):
            await self._posts.show(job, JobLife(JobState.STOPPED, stopped_by=stop.user_id))

    async def _release(self) -> None:
        try:
            await self._leases.release(LEASE_NAME, self._holder)
        except DatabaseUnavailable as error:
            _log.warning("another process has to wait until it may follow the jobs", reason=str(error))
