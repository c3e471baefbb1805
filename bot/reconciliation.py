"""A start whose outcome is unknown is compared with the room's jobs, and never sent again.

Exactly one job that is new and nobody's is this start's: it is adopted and announced. Anything else is told
to the person, who can look again or start anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.errors import LogUnavailable, MetaStudioError
from bot.job import JobReport
from bot.job_life import UNDER_WAY
from bot.messages.unsettled import Look, settled_already, unsettled
from bot.metastudio.client import MetaStudio
from bot.model import Invocation, Status
from bot.outcomes import LEASE, Outcomes, doubt_in
from bot.store.invocations import Invocations

LOOK_PAUSES = (2.0, 3.0)
"""Seconds between looks, for a job may show in the list a moment late. MetaStudio wants 2 s at least."""

LOOK_SECONDS = 10.0
"""How long each question to MetaStudio may take, once it has its turn."""

LOOKS_AT_ONCE = 4
"""As many as the watcher's, so that neither lets the other starve where both wait for turns to read."""

CLOCKS_APART = timedelta(seconds=5)
"""How much earlier than ours MetaStudio's clock may say that a job was made."""

_log = structlog.get_logger()


class Reconciliation:
    """The use case. `start_seconds` is how long a start may wait for its turn, and again for its answer."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        start_seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._window = timedelta(seconds=2 * start_seconds + 60)
        self._now = now
        self._sleep = sleep
        self._slots = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def settle(self, unknown: Invocation) -> None:
        """Find the start's job, or tell the person that it cannot be told whether there is one."""
        for pause in (*LOOK_PAUSES, None):
            async with self._slots:
                held = await self._hold(unknown)
                look = held and await self._adopt_or_look(held)
            if not held or not look:
                return
            unknown = held
            if pause is None or len(look.found) > 1:
                await self._tell(unknown, look)
                return
            await self._sleep(pause)

    async def look_again(self, unknown: Invocation, asking: Invocation) -> None:
        """The same once more because somebody asks; the answer takes the place of the button they pressed."""
        look = await self._adopt_or_look(unknown)
        now = await self._invocations.get(unknown.id)
        if now is None:
            return
        if look and now.status is Status.UNKNOWN:
            message = unsettled(now, doubt_in(now), look=look, again=self._now())
        else:
            message = settled_already(now)
        await self._outcomes.tell(asking, message, instead=True)

    async def _hold(self, unknown: Invocation) -> Invocation | None:
        return await self._invocations.hold(unknown, self._now() + LEASE)

    async def _tell(self, unknown: Invocation, look: Look) -> None:
        """With all the time that telling may take, however long the look has taken."""
        if held := await self._hold(unknown):
            await self._outcomes.tell(held, unsettled(held, doubt_in(held), look=look))

    async def _adopt_or_look(self, unknown: Invocation) -> Look | None:
        """None where nothing is left to settle."""
        try:
            found = await self._new_jobs(unknown)
            if len(found) == 1 and not await self._invocations.is_another_in_doubt(unknown):
                if await self._outcomes.adopt(unknown, found[0]):
                    return None
                found = ()
        except (MetaStudioError, LogUnavailable) as error:
            _log.warning("the room's jobs are not compared", reason=str(error))
            return Look(found=(), asked=False)
        return Look(found=tuple(job.job_id or "" for job in found), asked=True)

    async def _new_jobs(self, unknown: Invocation) -> tuple[JobReport, ...]:
        """The jobs that this start can have made: those under way, else any; some are over soon."""
        for states in (tuple(UNDER_WAY), ()):
            reports = await self._metastudio.jobs_of_room(
                unknown.room_id or "", states=states, seconds=LOOK_SECONDS
            )
            candidates = [report for report in reports if self._may_be_made_by(unknown, report)]
            owned = await self._invocations.known_jobs([report.job_id or "" for report in candidates])
            if new := tuple(report for report in candidates if report.job_id not in owned):
                return new
        return ()

    def _may_be_made_by(self, unknown: Invocation, report: JobReport) -> bool:
        made = report.create_time
        if made is None or (report.client_id and report.client_id != unknown.client_id):
            return False
        return unknown.created_at - CLOCKS_APART <= made <= unknown.created_at + self._window
