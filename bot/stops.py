"""Stopping a job. Stopping twice does no harm, so whatever cuts it short, it is done again."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.custody import Custody
from bot.errors import JobOver, MetaStudioError
from bot.intake import Intake
from bot.messages.message import Message
from bot.messages.stops import not_stopped, over_already, stopped
from bot.metastudio.client import MetaStudio
from bot.model import Invocation, JobState, Source, Status
from bot.outcomes import Outcomes, doubt_in, error_in
from bot.parsing import JobRef

CALL_SECONDS = 30.0
DEADLINE_MARGIN = timedelta(seconds=10)

OVER_ALREADY = "The job was over already."
"""For the log."""


class Stops:
    """The use case. The job's announcement is brought up to date by whoever follows the job."""

    def __init__(
        self,
        *,
        intake: Intake,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        custody: Custody,
        now: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._metastudio = metastudio
        self._outcomes = outcomes
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
        job = _job_of(invocation)
        try:
            answer = await self._metastudio.stop(
                job.room_id, job.job_id, app_user_id=invocation.user_id, seconds=CALL_SECONDS
            )
        except JobOver as error:
            facts = asdict(error.answer)
            if resumed:
                await self._stopped(invocation, facts)
            else:
                facts["reason"] = OVER_ALREADY
                await self._outcomes.conclude(invocation, Status.DONE, facts, _over_already(invocation))
        except MetaStudioError as error:
            facts = asdict(error.answer) | {"reason": str(error)}
            await self._outcomes.conclude(
                invocation, Status.FAILED, facts, not_stopped(job, error, invocation)
            )
        else:
            await self._stopped(invocation, asdict(answer))

    async def _stopped(self, invocation: Invocation, facts: dict[str, Any]) -> None:
        """By this very row, so that the job's announcement names the one who did it."""
        message = stopped(_job_of(invocation))
        await self._outcomes.conclude(
            invocation, Status.DONE, facts | {"job_state": JobState.STOPPED}, message
        )

    async def tell_again(self, settled: Invocation) -> None:
        """Tell what came of a stop that nobody, as far as is known, has been told of."""
        job = _job_of(settled)
        if settled.status is Status.FAILED:
            error = error_in(settled) if settled.http_status else doubt_in(settled)
            await self._outcomes.tell(settled, not_stopped(job, error, settled))
        else:
            by_this = settled.job_state is JobState.STOPPED
            await self._outcomes.tell(settled, stopped(job) if by_this else _over_already(settled))


def _job_of(stop: Invocation) -> JobRef:
    return JobRef(stop.room_id or "", stop.job_id or "")


def _over_already(stop: Invocation) -> Message:
    return over_already(_job_of(stop), typed=stop.source is Source.COMMAND)
