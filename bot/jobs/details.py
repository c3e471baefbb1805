"""Show one person everything that is known of a job. What only MetaStudio knows is added once it answers."""

import asyncio

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, Invocation, JobInvocation, Status
from bot.domain.job import RtcRoomInfo
from bot.errors import MetaStudioError
from bot.jobs.windows import Windows
from bot.messages.details import ASKING, NOT_TOLD, History, details, not_visible
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.store.invocations import Invocations


class Details:
    """The use case. `seconds` limits how long MetaStudio is waited for, the rate limiter included."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        metastudio: MetaStudio,
        windows: Windows,
        seconds: float,
    ) -> None:
        self._invocations = invocations
        self._metastudio = metastudio
        self._windows = windows
        self._seconds = seconds

    async def show(self, start: JobInvocation, asking: Invocation) -> None:
        """Open the modal with what the invocation log holds, then add the RTC room of a job that runs."""
        if not start.is_visible_to(asking):
            await self._windows.open(asking, not_visible())
            return
        history = await self._history(start, asking)
        job = JobRef.of(start.request.room_id, start.job.job_id)
        if job is None or start.job.state is None or start.job.state.is_over:
            await self._windows.open(asking, details(start, history))
            return
        if view_id := await self._windows.open(asking, details(start, history, rtc=ASKING)):
            rtc = await self._rtc_room(job)
            await self._windows.update(view_id, details(start, history, rtc=rtc))

    async def _history(self, start: JobInvocation, asking: Invocation) -> History:
        """Return what the log holds beside the start, as far as the person may read of it."""
        rows = (
            await self._invocations.find_stop(start.job.job_id),
            await self._before(start),
            await self._invocations.next_of(start.id),
        )
        stop, before, after = (row if row and row.is_visible_to(asking) else None for row in rows)
        return History(stop, before, after if after and after.status is not Status.REFUSED else None)

    async def _before(self, start: JobInvocation) -> Invocation | None:
        """Return the start from whose button this one was made, if it was made from one."""
        before = await self._invocations.get(start.previous_id) if start.previous_id else None
        return before if before and before.action is Action.START else None

    async def _rtc_room(self, job: JobRef) -> RtcRoomInfo | str:
        try:
            async with asyncio.timeout(self._seconds):
                report = await self._metastudio.state(job.room_id, job.job_id, seconds=READ_SECONDS)
        except (MetaStudioError, TimeoutError):
            return NOT_TOLD
        return report.rtc_room_info or NOT_TOLD
