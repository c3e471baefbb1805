"""Write down what came of an invocation, together with the post that tells people; then deliver the post.

Where the database fails, people are told all the same, and the row is written as soon as it works again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.domain import steps
from bot.domain.invocation import Invocation, RoomInvocation, Status
from bot.domain.job import SmartChatJob
from bot.domain.post import Post, Purpose
from bot.durable.retry import write_with_retry
from bot.errors import (
    Answer,
    DatabaseUnavailable,
    InvalidArguments,
    MetaStudioError,
    OutcomeUnknown,
    ReasonedError,
    Refused,
)
from bot.messages.message import Message
from bot.messages.replies import interrupted, not_started
from bot.messages.unknown import Look, outcome_unknown
from bot.posts.loop import DeliveryLoop
from bot.posts.rendering import look_facts
from bot.posts.stored_errors import unknown_in
from bot.reasons import ReasonCode, reason
from bot.slack.delivery import Render
from bot.store.invocations import Invocations

CLAIM_TIME = timedelta(seconds=40)
"""How long a row is claimed for: a look at what is unknown takes less."""

WRITTEN_AT_ONCE = 16
"""How many outcomes are written at the same time. More would keep in step and wait for each other: 320
instead of 450 announcements a second, and the last ack after 190 ms instead of 80 (measured). With this limit
the first people are told before the last rows are written, and new commands are acknowledged in between."""

SLOT_SECONDS = 1.0
"""How long an outcome waits for a free place among those."""

_LONGEST_LATENCY = 2**31 - 1
"""The most that the column holds: a job may be found weeks later."""

_log = structlog.get_logger()

Settling = TypeVar("Settling", bound=steps.Settling)


class Outcomes:
    """The use case: settles invocations. The delivery loop tells people."""

    def __init__(
        self,
        invocations: Invocations,
        posts: DeliveryLoop,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._posts = posts
        self._now = now
        self._write_with_retry = partial(write_with_retry, sleep=sleep)
        self._writes = asyncio.Semaphore(WRITTEN_AT_ONCE)

    async def started(self, invocation: RoomInvocation, job: SmartChatJob, answer: Answer) -> None:
        """Note that MetaStudio has accepted the start, and tell the channel."""
        _log.info("started", job_id=job.job_id, request_id=answer.request_id)
        started = steps.Started(
            job_id=job.job_id,
            configuration=job.configuration(),
            region=job.region or invocation.request.region,
            started_at=self._now(),
            answer=answer,
        )
        step = self._timed(invocation, started)
        settled = step.applied_to(invocation)
        post = self._posts.new(settled, Purpose.ANNOUNCEMENT)
        write = partial(self._write_started, invocation, step, post)
        await self._settle(settled, write, post, self._posts.rendering.announcement(settled, job))

    async def adopt(self, unknown: RoomInvocation, job: SmartChatJob) -> bool:
        """Adopt a job that only this start can have made, and tell the channel; False if it has an owner.

        Raises:
            DatabaseUnavailable: the job is not adopted.
        """
        found = steps.Adopted(
            job_id=job.job_id,
            configuration=job.configuration(),
            region=job.region or unknown.request.region,
            started_at=self._now(),
        )
        post = self._posts.new(unknown, Purpose.ANNOUNCEMENT, job_id=job.job_id)
        adopted = await self._invocations.adopt(unknown, self._timed(unknown, found), post=post)
        if adopted is None:
            return False
        _log.info("adopted", job_id=job.job_id)
        await self._posts.publish(post, adopted, self._posts.rendering.announcement(adopted, job))
        return True

    async def not_started(self, invocation: RoomInvocation, error: ReasonedError) -> None:
        """Note that nothing was started, for certain, and tell the person."""
        step: steps.Answered
        match error:
            case Refused():
                step = steps.Refused(reason=error.reason)
            case InvalidArguments():
                step = steps.Invalid(reason=error.reason)
            case MetaStudioError():
                step = steps.Failed(reason=error.reason, answer=error.answer)
            case _:
                step = steps.Failed(reason=error.reason)
        await self.conclude(invocation, step, not_started(invocation, error))

    async def failed(self, invocation: RoomInvocation, error: MetaStudioError) -> RoomInvocation | None:
        """Note that the start failed, and tell nobody yet: more is being found out.

        Return None where another process has claimed the row, or where the person was told at once because
        the database fails.
        """
        step = steps.Failed(reason=error.reason, answer=error.answer)
        step = self._timed(invocation, step, lease_until=self._now() + CLAIM_TIME)
        _log.info("failed", **_loggable(step))
        try:
            return await self._invocations.advance(invocation, step)
        except DatabaseUnavailable:
            await self.not_started(invocation, error)
            return None

    async def interrupted(self, invocation: RoomInvocation) -> None:
        """Note that a process ended before it sent the start; offer the person to start it now."""
        step = steps.Failed(reason=reason(ReasonCode.INTERRUPTED))
        await self.conclude(invocation, step, interrupted(invocation))

    async def unknown(self, invocation: RoomInvocation, error: OutcomeUnknown) -> RoomInvocation | None:
        """Note that the start may have made a job; tell nobody before the room's jobs were looked at.

        Return None where another process has claimed the row.
        """
        step = steps.Unknown(reason=error.reason, answer=error.answer)
        step = self._timed(invocation, step, lease_until=self._now() + CLAIM_TIME)
        _log.warning("outcome unknown", **_loggable(step))
        return await self._write_with_retry(partial(self._invocations.advance, invocation, step))

    async def conclude(
        self, invocation: Invocation, step: steps.Answered, message: Message, *, post_facts: str | None = None
    ) -> None:
        """Settle an invocation for good, and tell its person in these words.

        Args:
            post_facts: what is needed beside the row to make the message again.
        """
        step = self._timed(invocation, step)
        _log.info("concluded", action=invocation.action.value, status=step.status.value, **_loggable(step))
        post = self._posts.new(invocation, Purpose.PRIVATE, facts=post_facts)
        write = partial(self._invocations.advance, invocation, step, post=post)
        await self._settle(step.applied_to(invocation), write, post, lambda _hint: message)

    async def tell_unknown(self, unknown: RoomInvocation, look: Look) -> bool:
        """Tell the person that the outcome is unknown; return False where another process has the row.

        Raises:
            DatabaseUnavailable: nobody is told.
        """
        message = outcome_unknown(unknown, unknown_in(unknown), look=look)
        return await self.tell(unknown, message, post_facts=look_facts(look))

    async def tell(self, settled: Invocation, message: Message, *, post_facts: str) -> bool:
        """Tell the person of a row that has nothing else left; False where another process has the row.

        Args:
            post_facts: what is needed beside the row to make the message again.

        Raises:
            DatabaseUnavailable: nobody is told.
        """
        post = self._posts.new(settled, Purpose.PRIVATE, facts=post_facts)
        told = await self._invocations.leave_to_post(settled, post)
        if told is None:
            return False
        await self._posts.publish(post, told, lambda _hint: message)
        return True

    async def leave_to_posts(self, settled: Invocation) -> None:
        """Let the delivery loop tell what a version of the bot without posts settled and did not tell."""
        purpose = Purpose.ANNOUNCEMENT if settled.status is Status.STARTED else Purpose.PRIVATE
        post = replace(self._posts.new(settled, purpose), lease_until=None)
        await self._invocations.leave_to_post(settled, post)

    async def answer(self, invocation: Invocation, message: Message, *, instead: bool = False) -> None:
        """Answer somebody who waits at this moment.

        Args:
            instead: replace the message whose button they pressed.
        """
        await self._posts.answer(invocation, message, instead=instead)

    def _timed(
        self, invocation: Invocation, step: Settling, *, lease_until: datetime | None = None
    ) -> Settling:
        """Return the step with the time it took. Without a lease, only the delivery of its post is left."""
        latency = max(timedelta(), self._now() - invocation.created_at)
        return step.timed(
            latency_ms=min(round(latency.total_seconds() * 1000), _LONGEST_LATENCY), lease_until=lease_until
        )

    async def _settle(
        self,
        settled: Invocation,
        write: Callable[[], Awaitable[Invocation | None]],
        post: Post,
        render: Render,
    ) -> None:
        """Write the outcome down, then tell people; if the database fails, tell them first and retry."""
        job_id = _job_id_of(settled)
        try:
            async with self._write_slot():
                written = await write()
        except DatabaseUnavailable as error:
            _log.error("the outcome is not in the database yet", why=str(error), job_id=job_id)
            with self._posts.having(post):
                delivered = await self._posts.deliver(post, settled, render)
                if await self._write_with_retry(write) or await self._write_with_retry(
                    partial(self._written, settled)
                ):
                    await self._posts.note(post, delivered)
        else:
            if written is not None:
                await self._posts.publish(post, written, render)
            elif job_id and settled.status is Status.STARTED and not await self._is_somebodys(job_id):
                _log.error("the row went another way, and its job is nobody's", job_id=job_id)
                await self._posts.deliver(post, settled, render)

    @asynccontextmanager
    async def _write_slot(self) -> AsyncIterator[None]:
        """Wait a moment for a free place, then go on without one: the database may be slow."""
        is_taken = False
        with suppress(TimeoutError):
            async with asyncio.timeout(SLOT_SECONDS):
                is_taken = await self._writes.acquire()
        try:
            yield
        finally:
            if is_taken:
                self._writes.release()

    async def _written(self, settled: Invocation) -> Invocation | None:
        """Return the row if it already holds the outcome: only the answer to the write may have been lost."""
        row = await self._invocations.get(settled.id)
        same = row is not None and (row.status, _job_id_of(row)) == (settled.status, _job_id_of(settled))
        return row if same else None

    async def _is_somebodys(self, job_id: str) -> bool:
        return bool(await self._invocations.known_jobs([job_id]))

    async def _write_started(
        self, invocation: Invocation, step: steps.Started, post: Post
    ) -> Invocation | None:
        """Write the job down, even where another process has claimed the row because its lease ran out."""
        written = await self._invocations.advance(invocation, step, post=post)
        if written:
            return written
        taken_over = replace(invocation, status=Status.UNKNOWN)
        return await self._invocations.advance(taken_over, step, post=post)


def _job_id_of(invocation: Invocation) -> str | None:
    return invocation.job.job_id if invocation.job else None


def _loggable(step: steps.Answered) -> dict[str, Any]:
    """Return what the process log tells of a step."""
    facts = {"latency_ms": step.latency_ms, "reason": step.reason and str(step.reason), **asdict(step.answer)}
    if isinstance(step, steps.Done):
        facts["job_state"] = step.job_state
    return {name: value for name, value in facts.items() if value is not None}
