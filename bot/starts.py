"""Starting a job: from an accepted request to a channel that knows the job ID.

received ─ turn ─ starting ─ MetaStudio ─ started ─ announced
                                       └─ failed | unknown ─ the person told

Each step is committed before the next begins, the call's beginning included, so that no crash can lead to a
second start.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.announcer import Announcer
from bot.answered import answered
from bot.errors import (
    AvatarError,
    LogUnavailable,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Undeliverable,
)
from bot.intake import Intake
from bot.messages.announcement import announcement
from bot.messages.replies import not_started
from bot.metastudio.client import MetaStudio, Started
from bot.model import Invocation, StartRequest, Status
from bot.store.invocations import Invocations
from bot.tasks import Tasks

DEADLINE_MARGIN = timedelta(seconds=30)
"""How much later than the handler's own time limit another process may take a row over."""

WRITE_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between tries to write down an outcome, which must not get lost."""

_log = structlog.get_logger()


class Starts:
    """The use case. `turn` waits for the rate limit; `seconds` limits that wait, and then the call itself."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        intake: Intake,
        metastudio: MetaStudio,
        announcer: Announcer,
        tasks: Tasks,
        turn: Callable[[], Awaitable[object]],
        seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._intake = intake
        self._metastudio = metastudio
        self._announcer = announcer
        self._tasks = tasks
        self._turn = turn
        self._seconds = seconds
        self._now = now
        self._sleep = sleep

    async def commit(self, invocation: Invocation, request: StartRequest) -> Invocation | None:
        """Write the start down as received; None where this very delivery is in the log already.

        Raises:
            LogUnavailable: it is not committed, and nothing may be started.
        """
        asked = invocation.asking_for(request)
        received = replace(asked, status=Status.RECEIVED, deadline=self._deadline())
        return received if await self._intake.commit(received) else None

    def begin(self, received: Invocation, request: StartRequest) -> None:
        """Carry a committed start out, from here on without anybody waiting for it."""
        self._tasks.spawn(self._carry_out(received, request))

    async def _carry_out(self, invocation: Invocation, request: StartRequest) -> None:
        try:
            await self._await_turn()
            starting = await self._invocations.advance(invocation, Status.STARTING, deadline=self._deadline())
            if starting is None:
                return
            invocation = starting
            started = await self._metastudio.start(
                request, app_user_id=invocation.user_id, seconds=self._seconds
            )
        except AvatarError as error:
            await self._end(invocation, error)
        except asyncio.CancelledError:
            await self._end(invocation, _interrupted(invocation, "The bot was stopped"))
            raise
        except Exception:  # noqa: BLE001 - a bug of ours must not leave a person waiting
            _log.exception("the start failed inside the bot")
            await self._end(invocation, _interrupted(invocation, "The bot failed"))
        else:
            await self._announce(invocation, started)

    async def _await_turn(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._turn()
        except TimeoutError:
            raise Refused(
                f"Too many starts are waiting: this one had no turn within {self._seconds:g} seconds.",
                advice="Try again in a moment.",
            ) from None

    async def _announce(self, invocation: Invocation, started: Started) -> None:
        job = started.job
        _log.info("started", job_id=job.job_id, request_id=started.answer.request_id)
        facts = {"job_id": job.job_id, "region": job.region or invocation.region, **asdict(started.answer)}
        await self._settle(
            invocation,
            Status.STARTED,
            facts,
            lambda settled: self._announcer.announce(
                settled, lambda hint: announcement(settled, job, hint=hint)
            ),
        )

    async def _end(self, invocation: Invocation, error: AvatarError) -> None:
        status = _status_of(error)
        facts: dict[str, Any] = {"reason": str(error)}
        if isinstance(error, MetaStudioError):
            facts |= asdict(error.answer)
        _log.warning("not started", status=status.value, **facts)
        message = not_started(invocation, error)
        await self._settle(invocation, status, facts, lambda settled: self._announcer.tell(settled, message))

    async def _settle(
        self,
        invocation: Invocation,
        status: Status,
        facts: dict[str, Any],
        publish: Callable[[Invocation], Awaitable[None]],
    ) -> None:
        """Write the outcome down, then tell people; where the log fails, tell them first and keep trying."""
        latency = self._now() - invocation.created_at
        facts |= {"latency_ms": round(latency.total_seconds() * 1000), "deadline": None}
        settled = replace(invocation, status=status, **facts)
        written = await self._write_down(invocation, status, facts)
        await self._publish(publish, settled)
        for pause in WRITE_PAUSES:
            if written:
                return
            await self._sleep(pause)
            written = await self._write_down(invocation, status, facts)

    async def _write_down(self, invocation: Invocation, status: Status, facts: dict[str, Any]) -> bool:
        """Whether nothing is left to write: it is written, or the row is somebody else's by now."""
        try:
            await self._invocations.advance(invocation, status, **facts)
        except LogUnavailable as error:
            _log.error("the outcome is not in the log yet", why=str(error), status=status.value, **facts)
            return False
        return True

    async def _publish(
        self, publish: Callable[[Invocation], Awaitable[None]], invocation: Invocation
    ) -> None:
        try:
            await answered()
            await publish(invocation)
        except Undeliverable as error:
            _log.error("nobody could be told", reason=str(error), job_id=invocation.job_id)

    def _deadline(self) -> datetime:
        return self._now() + timedelta(seconds=self._seconds) + DEADLINE_MARGIN


def _status_of(error: AvatarError) -> Status:
    match error:
        case OutcomeUnknown():
            return Status.UNKNOWN
        case Refused():
            return Status.REFUSED
        case _:
            return Status.FAILED


def _interrupted(invocation: Invocation, what: str) -> MetaStudioError:
    """What is known of a start that was broken off: whether the call may have been sent."""
    if invocation.status is Status.STARTING:
        return OutcomeUnknown(f"{what} before MetaStudio's answer came.")
    return NotSent(f"{what} before the start was sent.", advice="Start it again.")
