"""Stopping a job. Stopping twice does no harm, so whatever cuts it short, it is done again."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import structlog

from bot.announcer import Announcer
from bot.answered import answered
from bot.custody import Custody
from bot.errors import Answer, JobOver, MetaStudioError, Undeliverable
from bot.intake import Intake
from bot.messages.message import Message
from bot.messages.stops import not_stopped, over_already, stopped
from bot.metastudio.client import MetaStudio
from bot.model import Invocation, Status
from bot.parsing import JobRef
from bot.store.invocations import Invocations

CALL_SECONDS = 30.0
DEADLINE_MARGIN = timedelta(seconds=10)

OVER_ALREADY = "The job was over already."

_log = structlog.get_logger()


class Stops:
    """The use case. The job's announcement is brought up to date by whoever follows the job."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        intake: Intake,
        metastudio: MetaStudio,
        announcer: Announcer,
        custody: Custody,
        now: Callable[[], datetime],
    ) -> None:
        self._invocations = invocations
        self._intake = intake
        self._metastudio = metastudio
        self._announcer = announcer
        self._custody = custody
        self._now = now

    async def commit(self, invocation: Invocation, job: JobRef) -> Invocation | None:
        """Write down that somebody stops a job; None where this very delivery is in the log already.

        Raises:
            LogUnavailable: it is not committed, and nothing may be stopped.
        """
        received = replace(
            invocation,
            room_id=job.room_id,
            job_id=job.job_id,
            status=Status.RECEIVED,
            deadline=self._now() + timedelta(seconds=CALL_SECONDS) + DEADLINE_MARGIN,
        )
        return received if await self._intake.commit(received) else None

    def begin(self, received: Invocation, *, resumed: bool = False) -> None:
        """Stop the job, from here on without anybody waiting for it.

        Args:
            resumed: it may have been stopped for this very row before; a job that is over is then its doing.
        """
        self._custody.take(received.id, self._carry_out(received, resumed=resumed))

    async def _carry_out(self, invocation: Invocation, *, resumed: bool) -> None:
        job = JobRef(invocation.room_id or "", invocation.job_id or "")
        try:
            answer = await self._metastudio.stop(
                job.room_id, job.job_id, app_user_id=invocation.user_id, seconds=CALL_SECONDS
            )
        except JobOver as error:
            reason = None if resumed else OVER_ALREADY
            await self._settle(invocation, Status.DONE, over_already(job), error.answer, reason)
        except MetaStudioError as error:
            message = not_stopped(job, error, invocation)
            await self._settle(invocation, Status.FAILED, message, error.answer, str(error))
        else:
            await self._settle(invocation, Status.DONE, stopped(job), answer)

    async def _settle(
        self,
        invocation: Invocation,
        status: Status,
        message: Message,
        answer: Answer,
        reason: str | None = None,
    ) -> None:
        latency = max(timedelta(), self._now() - invocation.created_at)
        settled = await self._invocations.advance(
            invocation,
            status,
            reason=reason,
            latency_ms=round(latency.total_seconds() * 1000),
            deadline=None,
            response_url=None,
            **asdict(answer),
        )
        if settled is None:
            return
        _log.info("stop", status=status.value, job_id=invocation.job_id, reason=reason)
        await answered()
        try:
            await self._announcer.tell(invocation, message)
        except Undeliverable as error:
            _log.warning("nobody could be told of the stop", reason=str(error))
