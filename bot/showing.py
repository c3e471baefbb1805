"""Letting announcements say what has become of their jobs: the one message of each, edited in place.

Updates are coalesced: a message is edited every few seconds at the most, with the latest state. The last
state always arrives, and then a line goes into the message's thread.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from bot.announcer import Announcer
from bot.errors import LogUnavailable, Undeliverable
from bot.job import SmartChatJob
from bot.job_life import JobLife
from bot.messages.announcement import announcement
from bot.messages.ended import ended
from bot.model import Invocation
from bot.store.invocations import Invocations
from bot.store.roster import FollowedJob, Roster
from bot.tasks import Tasks

EDIT_SECONDS = 3.0
"""The shortest time between two edits of one message."""

AT_ONCE = 10
"""How many messages are edited at the same time."""

RETRY_SECONDS = (5.0, 10.0, 30.0, 60.0)
"""Pauses after edits that Slack did not take; the last one is repeated."""

_log = structlog.get_logger()


class Showing:
    """Brings messages up to date; each as a task of its own."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        roster: Roster,
        announcer: Announcer,
        rtc_access: bool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._roster = roster
        self._announcer = announcer
        self._tasks = Tasks()
        self._rtc_access = rtc_access
        self._clock = clock
        self._sleep = sleep
        self._wanted: dict[str, JobLife] = {}
        self._may_edit_at: dict[str, float] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def show(self, job: FollowedJob, life: JobLife) -> None:
        """Let the job's message say this, as soon as it may be edited."""
        under_way = job.job_id in self._wanted
        self._wanted[job.job_id] = life
        if not under_way:
            self._tasks.spawn(self._bring_up_to_date(job))

    async def close(self) -> None:
        """Leave what is not shown yet to whoever follows the jobs next."""
        await self._tasks.cancel()

    def is_at(self, job: FollowedJob) -> bool:
        """Whether the job's message is being brought up to date."""
        return job.job_id in self._wanted

    async def _bring_up_to_date(self, job: FollowedJob) -> None:
        failures = 0
        try:
            while self._wanted[job.job_id].state is not job.state:
                await self._sleep(max(0.0, self._may_edit_at.get(job.job_id, 0.0) - self._clock()))
                if await self._try_to_show(job, self._wanted[job.job_id]):
                    failures = 0
                else:
                    await self._sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                    failures += 1
                self._may_edit_at[job.job_id] = self._clock() + EDIT_SECONDS
        finally:
            del self._wanted[job.job_id]
            if job.state.is_over:
                self._may_edit_at.pop(job.job_id, None)

    async def _try_to_show(self, job: FollowedJob, life: JobLife) -> bool:
        try:
            async with self._slots:
                if not await self._show(job, life):
                    return False
            await self._roster.show(job, life.state)
        except LogUnavailable as error:
            _log.warning("a job's state is not shown yet", job_id=job.job_id, reason=str(error))
            return False
        job.state = life.state
        return True

    async def _show(self, job: FollowedJob, life: JobLife) -> bool:
        """False where it has to be tried again."""
        row = await self._invocations.get(job.invocation_id)
        if row is None:
            return True
        _log.info("a job's state", job_id=job.job_id, state=life.state.value)
        known = SmartChatJob.remembered(job.job_id, row.configuration)
        message = announcement(row, known, life, rtc_access=self._rtc_access, note=row.reason or "")
        try:
            if not await self._announcer.edit(row, message):
                return False
            return not life.state.is_over or await self._announcer.reply(row, ended(row, life))
        except Undeliverable as error:
            _log.warning("the announcement stays as it is", job_id=job.job_id, reason=str(error))
            return not life.state.is_over or await self._tell_the_starter(row, life)

    async def _tell_the_starter(self, row: Invocation, life: JobLife) -> bool:
        """Where the announcement is out of reach, at least who started the job hears of its end."""
        try:
            await self._announcer.tell(row, ended(row, life))
        except Undeliverable:
            return False
        return True
