"""Find the jobs that were started outside Slack, in rooms that the bot knows.

The bot knows a room if a quick start names it, or if somebody has started it in the last day. A look at a
room is kept for half a minute, and many callers at once share one look. A person waits two seconds at most.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf

import structlog

from bot.domain.invocation import Invocation
from bot.domain.job import JobReport
from bot.domain.job_list import Outside, OutsideJob
from bot.domain.job_state import UNDER_WAY, life_of
from bot.domain.quick_start import QuickStart
from bot.errors import CredentialRefused, MetaStudioError, OperationUnknown, RoomUnknown, Throttled
from bot.metastudio.client import MetaStudio
from bot.store.job_lists import JobLists

LOOK_SECONDS = 2.0
"""How long a person waits for the looks, the rate limiter included."""

FRESH_SECONDS = 30.0
"""How long a look at a room is kept."""

BLIND_SECONDS = 10.0
"""How long no room is looked at after a failure, so that not everybody waits for it. If MetaStudio does not
list one room, only that room is left alone."""

MOST_ROOMS = 20
"""How many rooms are looked at for one person: as many as the usual rate limit allows in LOOK_SECONDS."""

AT_ONCE = 4
A_DAY = timedelta(days=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at a room has shown; `jobs` is None where MetaStudio did not list them."""

    jobs: Sequence[OutsideJob] | None
    until: float


class OutsideJobs:
    """The use case. `clock` is monotonic, in seconds; `room_name` returns a name that is known."""

    def __init__(
        self,
        *,
        job_lists: JobLists,
        metastudio: MetaStudio,
        room_name: Callable[[str], str | None],
        now: Callable[[], datetime],
        seconds: float = LOOK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job_lists = job_lists
        self._metastudio = metastudio
        self._room_name = room_name
        self._now = now
        self._seconds = seconds
        self._clock = clock
        self._looks: dict[str, _Look] = {}
        self._looking = asyncio.Lock()
        self._blind_until = -inf

    async def find(
        self, asking: Invocation, quick_starts: Iterable[QuickStart]
    ) -> tuple[list[OutsideJob], Outside]:
        """Return the jobs that nobody has started with the bot, the newest first, and if these are all.

        Args:
            quick_starts: those that the person can use.

        Raises:
            DatabaseUnavailable: it is not known which rooms to look at, or who started a job.
        """
        since = self._now() - A_DAY
        started = await self._job_lists.rooms_started(asking, since=since)
        own_first = sorted(quick_starts, key=lambda each: each.is_everywhere)
        named = [each.room_id for each in own_first]
        known = list(dict.fromkeys((*started[: MOST_ROOMS // 2], *named, *started)))
        rooms = known[:MOST_ROOMS]
        is_complete = await self._look_at(rooms) and rooms == known
        looks = [look for room in rooms if (look := self._fresh(room))]
        # In this order: a start that ends between the two reads has its job by the second one.
        open_starts = await self._job_lists.open_starts(rooms)
        found = [job for look in looks for job in look.jobs or () if not self._may_be_of(open_starts, job)]
        ours = await self._job_lists.accounted_for([job.job_id for job in found])
        outside = [
            replace(job, room_name=self._room_name(job.room_id)) for job in found if job.job_id not in ours
        ]
        outside.sort(key=lambda job: job.since or _LONG_AGO, reverse=True)
        return outside, Outside.ALL if is_complete else Outside.SOME

    def _may_be_of(self, open_starts: Mapping[str, Sequence[datetime]], job: OutsideJob) -> bool:
        now = self._now()
        return any(job.may_be_of(asked_at, now) for asked_at in open_starts.get(job.room_id, ()))

    async def _look_at(self, rooms: Iterable[str]) -> bool:
        """Look at the rooms that were not looked at lately; return False where one could not be."""
        if not all(self._fresh(room) for room in rooms):
            try:
                async with asyncio.timeout(self._seconds):
                    await self._look_in_turn(rooms)
            except TimeoutError:
                _log.warning("not all rooms are looked at in time")
        return all((look := self._fresh(room)) and look.jobs is not None for room in rooms)

    async def _look_in_turn(self, rooms: Iterable[str]) -> None:
        async with self._looking:
            left = iter([room for room in rooms if not self._fresh(room)])
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(AT_ONCE):
                        group.create_task(self._keep_looking(left))
            except asyncio.CancelledError:
                self._blind_until = self._clock() + BLIND_SECONDS
                raise

    async def _keep_looking(self, left: Iterator[str]) -> None:
        while self._clock() >= self._blind_until and (room_id := next(left, None)):
            try:
                reports = await self._metastudio.jobs_of_room(
                    room_id, states=tuple(UNDER_WAY), seconds=self._seconds
                )
            except RoomUnknown:
                reports = ()
            except MetaStudioError as error:
                _log.warning("a room is not looked at for the list of jobs", reason=str(error))
                if not _is_about_the_room(error):
                    self._blind_until = self._clock() + BLIND_SECONDS
                    return
                self._keep(room_id, None, BLIND_SECONDS)
                continue
            jobs = [job for report in reports if (job := _under_way(room_id, report))]
            self._keep(room_id, jobs, FRESH_SECONDS)

    def _fresh(self, room_id: str) -> _Look | None:
        look = self._looks.get(room_id)
        return look if look and self._clock() < look.until else None

    def _keep(self, room_id: str, jobs: Sequence[OutsideJob] | None, seconds: float) -> None:
        self._looks = {room: look for room, look in self._looks.items() if self._fresh(room)}
        self._looks[room_id] = _Look(jobs, self._clock() + seconds)


def _is_about_the_room(error: MetaStudioError) -> bool:
    """Return True if MetaStudio answered, and may well list another room."""
    is_about_all = isinstance(error, (CredentialRefused, Throttled, OperationUnknown))
    return error.answer.http_status is not None and not is_about_all


def _under_way(room_id: str, report: JobReport) -> OutsideJob | None:
    """Return the job of a report, without its voices and its RTC room; None if it is over."""
    life = life_of(report)
    if life is None or life.state.is_over:
        return None
    return OutsideJob(
        room_id=room_id,
        job_id=report.job_id,
        state=life.state,
        region=report.region,
        since=report.create_time,
    )
