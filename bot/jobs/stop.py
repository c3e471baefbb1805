"""Stop a job. A second stop does no harm, so an interrupted stop is repeated.

The room comes from the invocation log. If the job is not there, MetaStudio is asked first whether it runs in
the named room: permission for one room must not stop a job of another.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain import steps
from bot.domain.arguments import JobRef
from bot.domain.invocation import JobInvocation, JobState, Source
from bot.domain.job_state import UNDER_WAY
from bot.durable.accept import Acceptance
from bot.durable.held_row import RENEW_SECONDS, holding
from bot.errors import (
    Answer,
    JobOver,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    ReasonedError,
    Refused,
)
from bot.jobs.gate import Gate
from bot.jobs.outcome import Outcomes
from bot.messages.message import Message
from bot.messages.replies import declined
from bot.messages.stops import not_stopped, over_already, stopped
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.reasons import ReasonCode as Code
from bot.reasons import because, reason
from bot.slack.ack_sent import acks_first
from bot.store.invocations import Invocations

CALL_SECONDS = 30.0
LEASE_MARGIN = timedelta(seconds=10)

OVER_ALREADY = reason(Code.JOB_OVER_ALREADY)


class Stops:
    """The use case. The watcher brings the job's announcement up to date."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        acceptance: Acceptance,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        policy: Gate,
        now: Callable[[], datetime],
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._invocations = invocations
        self._acceptance = acceptance
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._policy = policy
        self._now = now
        self._renew_seconds = renew_seconds

    async def commit(self, asked: JobInvocation) -> JobInvocation | None:
        """Write the stop down; return None where Slack has delivered it before.

        Raises:
            DatabaseUnavailable: the stop is not committed, and nothing may be stopped.
        """
        return await self._acceptance.accept(asked, self._lease_until())

    async def carry_out(self, invocation: JobInvocation, *, resumed: bool = False) -> None:
        """Stop the job of a committed row, and tell its person the outcome.

        Args:
            resumed: this row may have stopped the job before. So a job that is over counts as stopped by it,
                unless neither the invocation log nor MetaStudio knows the job. The policy is checked again.
        """
        await acks_first()
        start = await self._invocations.find_start(invocation.job.job_id)
        told = JobRef.in_row(invocation).as_told(start, invocation)
        try:
            if resumed:
                self._policy.check(invocation, start)
            work = self.send(invocation, start)
            held = await holding(invocation, work, claim=self._claim, every=self._renew_seconds)
        except Refused as error:
            refused = steps.Refused(reason=error.reason)
            await self._outcomes.conclude(invocation, refused, _refused(error))
        except JobOver as error:
            if resumed and (start is not None or error.answer.http_status):
                await self._stopped(invocation, told, error.answer)
            else:
                over = steps.Done(reason=OVER_ALREADY, answer=error.answer)
                await self._outcomes.conclude(invocation, over, _over_already(invocation, told))
        except MetaStudioError as error:
            failed = steps.Failed(reason=error.reason, answer=error.answer)
            await self._outcomes.conclude(invocation, failed, not_stopped(told, error, invocation))
        else:
            if held is not None:
                await self._stopped(invocation, told, held[1])

    async def _claim(self, invocation: JobInvocation) -> JobInvocation | None:
        return await self._invocations.claim(invocation, self._lease_until())

    async def send(self, invocation: JobInvocation, start: JobInvocation | None) -> Answer:
        """Send a committed stop.

        Args:
            start: the start that made the job, if the invocation log has it.

        Raises:
            JobOver: the job is over, or does not run in its room.
            MetaStudioError: the job was not stopped, for certain or perhaps.
        """
        job = JobRef.in_row(invocation)
        if not await self._is_in_its_room(job, start):
            raise JobOver(reason(Code.JOB_NOT_IN_ROOM))
        return await self._metastudio.stop(
            job.room_id, job.job_id, app_user_id=invocation.origin.user_id, seconds=CALL_SECONDS
        )

    async def _is_in_its_room(self, job: JobRef, start: JobInvocation | None) -> bool:
        """Return whether the job belongs to its room, by the invocation log or else by MetaStudio's list."""
        if start is not None:
            return start.request.room_id == job.room_id
        try:
            reports = await self._metastudio.jobs_of_room(
                job.room_id, states=tuple(UNDER_WAY), seconds=READ_SECONDS
            )
        except OutcomeUnknown as error:
            raise NotSent(because(Code.ROOM_OF_JOB_UNKNOWN, error.reason), answer=error.answer) from None
        return any(report.job_id == job.job_id for report in reports)

    def _lease_until(self) -> datetime:
        return self._now() + timedelta(seconds=CALL_SECONDS) + LEASE_MARGIN

    async def _stopped(self, invocation: JobInvocation, told: JobRef, answer: Answer) -> None:
        """Note that this row stopped the job, so that the announcement names its person."""
        done = steps.Done(answer=answer, job_state=JobState.STOPPED)
        await self._outcomes.conclude(invocation, done, stopped(told, invocation.room_name))


def _over_already(stop: JobInvocation, told: JobRef) -> Message:
    return over_already(told, stop.room_name, typed=stop.source is Source.COMMAND)


def _refused(error: ReasonedError) -> Message:
    return declined(error, verdict="Nothing was stopped.")
