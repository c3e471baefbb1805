"""What came of an invocation: written down, then told, then noted as told.

Between the steps the row keeps its lease, so that after a crash another process goes on where this one
stopped. What the log does not take at once is written as soon as it does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.domain.invocation import Invocation, JobState, Status
from bot.domain.job import SmartChatJob
from bot.durable.retry import write_with_retry
from bot.errors import (
    Answer,
    AvatarError,
    DatabaseUnavailable,
    MetaStudioError,
    OutcomeUnknown,
    Refused,
    Rejected,
    Undeliverable,
)
from bot.messages.announcement import ADOPTED_NOTE, announcement
from bot.messages.message import Message
from bot.messages.replies import interrupted, not_started
from bot.metastudio.error_codes import error_of
from bot.slack.ack_sent import ack_sent
from bot.slack.delivery import Delivered, Delivery
from bot.store.invocations import Invocations

CLAIM_TIME = timedelta(seconds=40)
"""How long a row is claimed for: telling people takes less, by all routes together."""

TOLD_AT_ONCE = 10
"""How many rows that were left behind are told at the same time."""

WRITTEN_AT_ONCE = 16
"""How many outcomes are written at the same time: when many come together, the first are told before the last
are written, and new commands are acknowledged in between. All at once, they stay in step and wait for each
other: 320 instead of 450 announced a second, and the last ack after 190 ms instead of 80 (measured)."""

SLOT_SECONDS = 1.0
"""How long an outcome waits for others to be written."""

TELL_AGAIN = timedelta(seconds=5)
GIVE_UP = timedelta(days=1)
"""How long people are tried to be told."""

_LONGEST_LATENCY = 2**31 - 1
"""As much as the column takes: a job may be found weeks later."""

INTERRUPTED = "The bot was stopped before the start was sent."

_log = structlog.get_logger()

Tell = Callable[[Invocation], Awaitable[Delivered]]


class Outcomes:
    """Settles invocations. `rtc_access` says whether announcements offer it."""

    def __init__(
        self,
        invocations: Invocations,
        delivery: Delivery,
        *,
        rtc_access: bool,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._delivery = delivery
        self._rtc_access = rtc_access
        self._now = now
        self._write_with_retry = partial(write_with_retry, sleep=sleep)
        self._slots = asyncio.Semaphore(TOLD_AT_ONCE)
        self._writes = asyncio.Semaphore(WRITTEN_AT_ONCE)

    async def started(self, invocation: Invocation, job: SmartChatJob, answer: Answer) -> None:
        """MetaStudio has accepted the start: the channel is told."""
        _log.info("started", job_id=job.job_id, request_id=answer.request_id)
        facts = self._facts(
            invocation,
            job_id=job.job_id,
            job_state=JobState.ACCEPTED,
            configuration=job.configuration(),
            region=job.region or invocation.region,
            started_at=self._now(),
            reason=None,
            **asdict(answer),
        )
        settled = replace(invocation, status=Status.STARTED, **facts)
        await self._settle(
            settled,
            partial(self._write_started, invocation, facts),
            lambda row: self._announce(row, job),
        )

    async def adopt(self, unknown: Invocation, job: SmartChatJob) -> bool:
        """A job was found that only this start can have made: the channel is told. False if it has an owner.

        Raises:
            DatabaseUnavailable: it is not adopted.
        """
        facts = self._facts(
            unknown,
            job_state=JobState.ACCEPTED,
            configuration=job.configuration(),
            region=job.region or unknown.region,
            started_at=self._now(),
            adopted_at=self._now(),
            reason=ADOPTED_NOTE,
        )
        adopted = await self._invocations.adopt(unknown, job.job_id or "", **facts)
        if adopted is None:
            return False
        _log.info("adopted", job_id=job.job_id)
        await self._publish(adopted, lambda row: self._announce(row, job))
        return True

    async def not_started(self, invocation: Invocation, error: AvatarError) -> None:
        """Nothing was started, for certain: the person is told."""
        status = Status.REFUSED if isinstance(error, Refused) else Status.FAILED
        facts: dict[str, Any] = {"reason": str(error)}
        if isinstance(error, MetaStudioError):
            facts |= asdict(error.answer)
        await self.conclude(invocation, status, facts, not_started(invocation, error))

    async def interrupted(self, invocation: Invocation) -> None:
        """Nothing was started, for a process ended before it could be: the person may start it now."""
        facts = {"reason": INTERRUPTED}
        await self.conclude(invocation, Status.FAILED, facts, interrupted(invocation))

    async def unknown(self, invocation: Invocation, error: OutcomeUnknown) -> Invocation | None:
        """The start may have made a job. Nobody is told before that has been looked into.

        None where another process has taken the row over.
        """
        facts = self._facts(invocation, reason=str(error), **asdict(error.answer))
        _log.warning("outcome unknown", **_loggable(facts))
        return await self._write_with_retry(
            partial(self._invocations.advance, invocation, Status.UNKNOWN, **facts)
        )

    async def conclude(
        self, invocation: Invocation, status: Status, facts: dict[str, Any], message: Message
    ) -> None:
        """Nothing is left to do, and whoever asked is told in these words."""
        facts = self._facts(invocation, **facts)
        _log.info("concluded", action=invocation.action.value, status=status.value, **_loggable(facts))
        await self._settle(
            replace(invocation, status=status, **facts),
            partial(self._invocations.advance, invocation, status, **facts),
            lambda row: self._delivery.tell(row, message),
        )

    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> None:
        """Tell the person who asked something about a row that is settled, and note that they know.

        Args:
            instead: in place of the message whose button they pressed.
        """
        await self._publish(invocation, lambda row: self._delivery.tell(row, message, instead=instead))

    async def tell_again(self, settled: Invocation) -> None:
        """Tell what came of a settled start that nobody, as far as is known, has been told of."""
        async with self._slots:
            claimed = await self._invocations.claim(settled, self._now() + CLAIM_TIME)
            if claimed is not None:
                await self._tell_again(claimed)

    async def _tell_again(self, settled: Invocation) -> None:
        if settled.status is Status.STARTED:
            job = SmartChatJob.remembered(settled.job_id or "", settled.configuration)
            await self._publish(settled, lambda row: self._announce(row, job))
        elif settled.reason == INTERRUPTED:
            await self.tell(settled, interrupted(settled))
        else:
            await self.tell(settled, not_started(settled, error_in(settled)))

    async def _announce(self, settled: Invocation, job: SmartChatJob) -> Delivered:
        return await self._delivery.announce(
            settled,
            lambda hint: announcement(
                settled, job, rtc_access=self._rtc_access, note=settled.reason or "", hint=hint
            ),
        )

    def _facts(self, invocation: Invocation, **facts: Any) -> dict[str, Any]:
        latency = max(timedelta(), self._now() - invocation.created_at)
        return facts | {
            "latency_ms": min(round(latency.total_seconds() * 1000), _LONGEST_LATENCY),
            "lease_until": self._now() + CLAIM_TIME,
        }

    async def _settle(
        self, settled: Invocation, write: Callable[[], Awaitable[Invocation | None]], tell: Tell
    ) -> None:
        """Write the outcome down, then tell people; where the log fails, tell them first and keep trying."""
        try:
            async with self._write_slot():
                written = await write()
        except DatabaseUnavailable as error:
            _log.error("the outcome is not in the log yet", why=str(error), job_id=settled.job_id)
            delivered = await self._deliver(settled, tell)
            if await self._write_with_retry(write) or await self._write_with_retry(
                partial(self._written, settled)
            ):
                await self._note(settled, delivered)
        else:
            if written is not None:
                await self._publish(written, tell)
            elif settled.status is Status.STARTED and not await self._is_somebodys(settled.job_id or ""):
                _log.error("the row went another way, and its job is nobody's", job_id=settled.job_id)
                await self._deliver(settled, tell)

    @asynccontextmanager
    async def _write_slot(self) -> AsyncIterator[None]:
        """A moment is waited for it: where the log fails slowly, nobody waits for those before them."""
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
        """The row, if the outcome stands in it: the answer to the write may have been lost."""
        row = await self._invocations.get(settled.id)
        same = row is not None and (row.status, row.job_id) == (settled.status, settled.job_id)
        return row if same else None

    async def _is_somebodys(self, job_id: str) -> bool:
        return bool(await self._invocations.known_jobs([job_id]))

    async def _write_started(self, invocation: Invocation, facts: dict[str, Any]) -> Invocation | None:
        """Also where another process has taken the row for one that was left behind."""
        written = await self._invocations.advance(invocation, Status.STARTED, **facts)
        if written:
            return written
        taken_over = replace(invocation, status=Status.UNKNOWN)
        return await self._invocations.advance(taken_over, Status.STARTED, announced_at=None, **facts)

    async def _publish(self, settled: Invocation, tell: Tell) -> None:
        await self._note(settled, await self._deliver(settled, tell))

    async def _deliver(self, settled: Invocation, tell: Tell) -> Delivered | None:
        await ack_sent()
        try:
            return await tell(settled)
        except Undeliverable as error:
            _log.error("nobody could be told", reason=str(error), job_id=settled.job_id)
            return None

    async def _note(self, settled: Invocation, delivered: Delivered | None) -> None:
        """Note that people know; where they do not, when they are to be tried again."""

        async def note() -> None:
            now = self._now()
            if delivered is not None:
                channel, ts = delivered.channel, delivered.ts
                await self._invocations.mark_announced(settled, now, channel=channel, ts=ts)
                return
            age = now - settled.created_at
            again = now + max(TELL_AGAIN, age / 2) if age < GIVE_UP else None
            await self._invocations.release(settled.id, again)

        await self._write_with_retry(note)


def error_in(row: Invocation) -> MetaStudioError:
    """Why nothing was started, as far as the row tells."""
    answer = _answer_in(row)
    return error_of(answer) if answer.http_status else Rejected(row.reason or "")


def unknown_in(row: Invocation) -> OutcomeUnknown:
    """Why it is not known what came of a start."""
    return OutcomeUnknown(row.reason or "", answer=_answer_in(row))


def _answer_in(row: Invocation) -> Answer:
    return Answer(row.http_status, row.error_code, row.error_msg, row.request_id)


def _loggable(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None and name != "lease_until"}
