"""Letting announcements say what has become of their jobs: the one message of each, edited in place.

Updates are coalesced: a message is edited every few seconds at the most, with the latest state. The last
state always arrives, and then a line goes into the message's thread.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.domain.invocation import Invocation, JobState
from bot.domain.job import SmartChatJob
from bot.domain.job_state import JobLife
from bot.errors import DatabaseUnavailable, Undeliverable
from bot.messages.announcement import announcement
from bot.messages.ended import ended
from bot.runtime.background import Tasks
from bot.slack.delivery import Delivery
from bot.store.invocations import Invocations
from bot.store.watched_jobs import WatchedJob, WatchedJobs

EDIT_SECONDS = 3.0
"""The shortest time between two edits of one message."""

AT_ONCE = 10
"""How many messages are edited at the same time."""

RETRY_SECONDS = (5.0, 10.0, 30.0, 60.0)
"""Pauses after edits that Slack did not take; the last one is repeated."""

MOST_TRIES = 1440
"""After as many, which is about a day, a message stays as it is."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a message is to say; `anew` also where it shows that state already."""

    life: JobLife
    anew: bool = False


class Showing:
    """Brings messages up to date; each as a task of its own."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        watched_jobs: WatchedJobs,
        delivery: Delivery,
        rtc_access: bool,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._watched_jobs = watched_jobs
        self._delivery = delivery
        self._tasks = Tasks()
        self._rtc_access = rtc_access
        self._now = now
        self._sleep = sleep
        self._wanted: dict[str, _Wanted] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def show(self, job: WatchedJob, life: JobLife) -> None:
        """Let the job's message say this, as soon as it may be edited."""
        before = self._wanted.get(job.invocation_id)
        self._want(job, _Wanted(life, anew=before is not None and before.anew))

    def refresh(self, job: WatchedJob, life: JobLife) -> None:
        """Let the job's message say what its row has come to hold.

        Args:
            life: where the job stands, unless it is known to be further.
        """
        before = self._wanted.get(job.invocation_id)
        self._want(job, _Wanted(before.life if before else life, anew=True))

    def _want(self, job: WatchedJob, wanted: _Wanted) -> None:
        under_way = job.invocation_id in self._wanted
        self._wanted[job.invocation_id] = wanted
        if not under_way:
            self._tasks.spawn(self._bring_up_to_date(job))

    async def close(self) -> None:
        """Leave what is not shown yet to whoever follows the jobs next."""
        self._wanted.clear()
        await self._tasks.cancel()

    def is_at(self, job: WatchedJob) -> bool:
        """Whether the job's message is being brought up to date."""
        return job.invocation_id in self._wanted

    async def _bring_up_to_date(self, job: WatchedJob) -> None:
        """What is said is not said again when the log fails, or the line in the thread would stand twice."""
        said, failures = job.state, 0
        try:
            while (wanted := self._wanted[job.invocation_id]).anew or wanted.life.state is not job.state:
                life, unsaid = wanted.life, wanted.anew or said is not wanted.life.state
                if unsaid and (
                    await self._try_to_say(job, wanted, once_more=said is life.state)
                    or failures == MOST_TRIES
                ):
                    said, unsaid = life.state, False
                    self._is_said(job, wanted)
                if unsaid or not (life.state is job.state or await self._try_to_note(job, life.state)):
                    await self._sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                    failures += 1
                elif not job.state.is_over or self._wanted[job.invocation_id].anew:
                    await self._sleep(EDIT_SECONDS)
                    failures = 0
        finally:
            self._wanted.pop(job.invocation_id, None)

    def _is_said(self, job: WatchedJob, wanted: _Wanted) -> None:
        """What has come to be wanted meanwhile is still to be said."""
        if self._wanted.get(job.invocation_id) is wanted:
            self._wanted[job.invocation_id] = replace(wanted, anew=False)

    async def _try_to_say(self, job: WatchedJob, wanted: _Wanted, *, once_more: bool) -> bool:
        try:
            async with self._slots:
                return await self._say(job, wanted, once_more=once_more)
        except DatabaseUnavailable as error:
            _log.warning("a job's state is not shown yet", job_id=job.job_id, reason=str(error))
            return False

    async def _try_to_note(self, job: WatchedJob, state: JobState) -> bool:
        try:
            await self._watched_jobs.show(job, state, self._now())
        except DatabaseUnavailable as error:
            _log.warning("a job's state is not in the log yet", job_id=job.job_id, reason=str(error))
            return False
        job.state = state
        return True

    async def _say(self, job: WatchedJob, wanted: _Wanted, *, once_more: bool) -> bool:
        """False where it has to be tried again; True also where there is nothing to say any more.

        Args:
            once_more: this very state was said, so that an end is not told once more.
        """
        life = wanted.life
        row = await self._invocations.get(job.invocation_id)
        if row is None or row.job_state is None:
            return True
        if not (life.state.follows(row.job_state) or (wanted.anew and life.state is row.job_state)):
            return True
        tells_end = life.state.is_over and not once_more and life.state is not row.job_state
        _log.info("a job's state", job_id=job.job_id, state=life.state.value)
        known = SmartChatJob.remembered(job.job_id, row.configuration)
        message = announcement(row, known, life, rtc_access=self._rtc_access, note=row.reason or "")
        try:
            if not await self._delivery.edit(row, message):
                return False
            return not tells_end or await self._delivery.reply(row, ended(row, life))
        except Undeliverable as error:
            _log.warning("the announcement stays as it is", job_id=job.job_id, reason=str(error))
            return not tells_end or await self._tell_the_starter(row, life)

    async def _tell_the_starter(self, row: Invocation, life: JobLife) -> bool:
        """Where the announcement is out of reach, at least who started the job hears of its end."""
        try:
            await self._delivery.tell(row, ended(row, life))
        except Undeliverable:
            return False
        return True
