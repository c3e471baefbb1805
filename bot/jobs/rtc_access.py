"""Show one person what a client needs to join a job's RTC room. It is read each time and stored nowhere."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain import steps
from bot.domain.arguments import JobRef
from bot.domain.invocation import JobInvocation
from bot.domain.job import JobReport, RtcRoomInfo
from bot.domain.job_state import life_of
from bot.durable.accept import Acceptance
from bot.errors import MetaStudioError, NotSent
from bot.jobs.outcome import Outcomes
from bot.messages.reasons import on_one_line
from bot.messages.rtc_access import access, no_access, opening, refused_access
from bot.messages.views import not_opened
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.slack.modals import Modals
from bot.store.invocations import Invocations

ANSWER_SECONDS = 20.0
"""How long a person waits at the open modal, including the wait for the rate limiter."""

LOOK_TIME = timedelta(seconds=60)
"""How long a row is claimed for: longer than opening the modal, the call and filling the modal in."""


class RtcAccess:
    """The use case. The modal is opened before any slow work: Slack allows 3 s for that.

    `seconds` limits how long the person waits at the modal.
    """

    def __init__(
        self,
        *,
        invocations: Invocations,
        acceptance: Acceptance,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        modals: Modals,
        now: Callable[[], datetime],
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._seconds = seconds
        self._invocations = invocations
        self._acceptance = acceptance
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._modals = modals
        self._now = now

    async def commit(self, asked: JobInvocation) -> JobInvocation | None:
        """Write the request down; return None where Slack has delivered it before.

        Raises:
            DatabaseUnavailable: the request is not committed, and nothing may be shown.
        """
        return await self._acceptance.accept(asked, self._now() + LOOK_TIME)

    async def carry_out(self, invocation: JobInvocation) -> None:
        """Show RTC access to the person of a committed request."""
        job = JobRef.in_row(invocation)
        view_id = await self._modals.open(invocation.origin.trigger_id, opening(job))
        if view_id is None:
            failed = steps.Failed(reason=reason(Code.MODAL_NOT_OPENED))
            await self._outcomes.conclude(invocation, failed, not_opened())
            return
        try:
            report = await self._ask(job)
        except MetaStudioError as error:
            await self._modals.update(view_id, refused_access(on_one_line(error)))
            failed = steps.Failed(reason=error.reason, answer=error.answer, forgets_address=True)
            await self._invocations.advance(invocation, failed)
        else:
            life = life_of(report)
            if life is not None and life.state.is_over:
                shown = no_access(job, life, room_name=invocation.room_name)
            else:
                room = report.rtc_room_info or RtcRoomInfo()
                shown = access(job, room, self._now(), room_name=invocation.room_name)
            if not await self._modals.update(view_id, shown):
                await self._modals.update(
                    view_id, refused_access("Slack did not take the answer. Try again.")
                )
            await self._invocations.advance(invocation, steps.Done(forgets_address=True))

    async def _ask(self, job: JobRef) -> JobReport:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._metastudio.state(job.room_id, job.job_id, seconds=READ_SECONDS)
        except TimeoutError:
            raise NotSent(reason(Code.NO_TURN_TO_ASK)) from None
