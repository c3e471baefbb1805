"""Stop a job that holds a room, and start the room when MetaStudio says that the job has ended.

The start is committed before the ack, with the job in `after_job_id`. So whoever claims its row after a crash
stops the job again, which does no harm, and goes on. The stop has a row of its own, so that the job's
announcement and the invocation log name its person. Nothing but the start's row leads to it: it has no lease,
and its ID follows from the start's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

import structlog

from bot.domain import steps
from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, JobInvocation, JobState, RoomInvocation, Source, Status
from bot.domain.job_state import life_of
from bot.durable.held_row import RENEW_SECONDS, holding
from bot.errors import (
    DatabaseUnavailable,
    JobOver,
    MetaStudioError,
    NotSent,
    OperationUnknown,
    OutcomeUnknown,
    ReasonedError,
)
from bot.jobs.gate import Gate
from bot.jobs.outcome import Outcomes
from bot.jobs.start import Starts
from bot.jobs.stop import OVER_ALREADY, Stops
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.reasons import ReasonCode as Code
from bot.reasons import because, reason
from bot.slack.ack_sent import acks_first
from bot.store.invocations import Invocations

LOOKS = 15
"""How many times MetaStudio is asked whether the job has ended, before the start is given up."""

LOOK_SECONDS = 2.0
"""Seconds between these questions; MetaStudio's minimum."""

LEASE = timedelta(seconds=40)

_log = structlog.get_logger()


class StopFirst:
    """The use case, in front of `Starts`."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        metastudio: MetaStudio,
        stops: Stops,
        starts: Starts,
        outcomes: Outcomes,
        policy: Gate,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._invocations = invocations
        self._metastudio = metastudio
        self._stops = stops
        self._starts = starts
        self._outcomes = outcomes
        self._policy = policy
        self._now = now
        self._sleep = sleep
        self._renew_seconds = renew_seconds

    async def carry_out(self, start: RoomInvocation, job_id: str) -> None:
        """Stop the job, wait until it has ended, and send the committed start; or say why it is not sent."""
        await acks_first()
        work = self._make_room(start, job_id)
        try:
            held = await holding(start, work, claim=self._claim, every=self._renew_seconds)
        except DatabaseUnavailable:
            raise  # recovery continues it
        except ReasonedError as error:
            await self._outcomes.not_started(start, error)
            return
        if held is not None:
            await self._starts.carry_out(held[0])

    async def give_up(self, start: RoomInvocation, job_id: str) -> None:
        """Close the row of the stop, if there is one: its start is too old to be sent."""
        step = steps.Failed(reason=reason(Code.INTERRUPTED_WHILE_WAITED_FOR))
        await self._invocations.advance(stop_before(start, job_id), step)

    async def _make_room(self, start: RoomInvocation, job_id: str) -> None:
        """Stop the job and wait for its end.

        Raises:
            ReasonedError: the job may still hold the room.
        """
        stop = stop_before(start, job_id)
        made_by = await self._invocations.find_start(job_id)
        self._policy.check(stop, made_by)
        is_new = await self._invocations.add_once(replace(stop, created_at=self._now()))
        try:
            answer = await self._stops.send(stop, made_by)
            step: steps.Answered = steps.Done(answer=answer, job_state=JobState.STOPPED)
        except JobOver as error:
            step = steps.Done(
                reason=OVER_ALREADY if is_new else None,
                answer=error.answer,
                job_state=None if is_new else JobState.STOPPED,
            )
        except MetaStudioError as error:
            await self._invocations.advance(stop, steps.Failed(reason=error.reason, answer=error.answer))
            is_open = isinstance(error, OutcomeUnknown)
            code = Code.JOB_PERHAPS_NOT_STOPPED if is_open else Code.JOB_NOT_STOPPED
            raise NotSent(because(code, error.reason), answer=error.answer) from None
        await self._invocations.advance(stop, step)
        await self._until_over(JobRef.in_row(stop))

    async def _until_over(self, job: JobRef) -> None:
        """Wait until MetaStudio says that the job has ended.

        Raises:
            NotSent: it does not say so in time.
        """
        for _ in range(LOOKS):
            if await self._is_over(job):
                return
            await self._sleep(LOOK_SECONDS)
        raise NotSent(reason(Code.JOB_DOES_NOT_END, job_id=job.job_id, seconds=LOOKS * LOOK_SECONDS))

    async def _is_over(self, job: JobRef) -> bool:
        try:
            report = await self._metastudio.state(job.room_id, job.job_id, seconds=READ_SECONDS)
        except (JobOver, OperationUnknown):
            return True  # without states, the accepted stop is all that can be known
        except MetaStudioError as error:
            _log.warning("it is not known whether a job has ended", job_id=job.job_id, reason=str(error))
            return False
        life = life_of(report)
        return life is not None and life.state.is_over

    async def _claim(self, start: RoomInvocation) -> RoomInvocation | None:
        return await self._invocations.claim(start, self._now() + LEASE)


def stop_before(start: RoomInvocation, job_id: str) -> JobInvocation:
    """Return the row of the stop that a start wants first."""
    stop = replace(
        start,
        id=uuid5(NAMESPACE_OID, start.id).hex,
        action=Action.STOP,
        source=Source.BUTTON,
        status=Status.RECEIVED,
        origin=replace(start.origin, trigger_id=None, response_url=None),
        previous_id=None,
        after_job_id=None,
        lease_until=None,
    )
    return stop.about_job(start.request.room_id, job_id)
