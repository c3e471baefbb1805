"""Commit an invocation to the database before it is acknowledged: in time, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from bot.domain import steps
from bot.domain.invocation import Invocation, Status
from bot.domain.steps import AnyInvocation
from bot.durable.claims import Claims
from bot.durable.retry import write_with_retry
from bot.errors import DatabaseUnavailable
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code
from bot.runtime.background import Tasks
from bot.store.invocations import Invocations

COMMIT_SECONDS = 2.3
"""How long the commit may take, as Slack waits 3 s for an ack; a slower write is called off."""

CALL_OFF_SECONDS = 90.0
"""How long the bot tries to refuse a row whose write was called off. Recovery sends no start this old."""

ASK_SECONDS = 0.5
"""How long the database may take to answer a question before an ack."""

T = TypeVar("T")


def no_name(_room_id: str) -> None:
    """Return no name: the names of rooms are not known."""


class Acceptance:
    """Commits invocations. `room_name` returns the name of a room where it is known without a call."""

    def __init__(
        self,
        invocations: Invocations,
        tasks: Tasks,
        claims: Claims,
        *,
        seconds: float = COMMIT_SECONDS,
        ask_seconds: float = ASK_SECONDS,
        room_name: Callable[[str], str | None] = no_name,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self.tasks = tasks
        self._claims = claims
        self._seconds = seconds
        self._ask_seconds = ask_seconds
        self._room_name = room_name
        self._sleep = sleep

    def received(self, asked: AnyInvocation, lease_until: datetime) -> AnyInvocation:
        """Return the row of a use that this process works on until then, once it is committed."""
        return replace(asked, status=Status.RECEIVED, room_name=self._name_of(asked), lease_until=lease_until)

    def closed(
        self,
        invocation: Invocation,
        status: Status,
        why: Reason | None = None,
        *,
        keeps_address: bool = False,
    ) -> Invocation:
        """Return the row of a use that is answered at once.

        Args:
            keeps_address: keep its response_url for a modal that is submitted later, which may have none.
        """
        return replace(
            invocation,
            status=status,
            reason=why,
            room_name=self._name_of(invocation),
            origin=invocation.origin if keeps_address else replace(invocation.origin, response_url=None),
        )

    async def accept(self, asked: AnyInvocation, lease_until: datetime) -> AnyInvocation | None:
        """Commit a use as received; return None where Slack has delivered it before.

        Raises:
            DatabaseUnavailable: it is not committed, so nothing may be done; see `commit`.
        """
        received = self.received(asked, lease_until)
        return received if await self.commit(received) else None

    async def commit(
        self, invocation: Invocation, *, unless_duplicate: bool = False, unless_running: bool = False
    ) -> bool:
        """Add the row; return False where it exists already (see `Invocations.record`).

        Raises:
            DatabaseUnavailable: it was not written in time, or it is not known whether it was. If the row
                exists after all, it is moved to `refused`, which is what the person is told.
        """
        record = self._invocations.record(
            invocation, unless_duplicate=unless_duplicate, unless_running=unless_running
        )
        writing = asyncio.create_task(_outcome_of(record))
        self.tasks.own(writing)
        done, _ = await asyncio.wait({writing}, timeout=self._seconds)
        outcome = writing.result() if done else DatabaseUnavailable(reason(Code.DATABASE_WRITES_SLOWLY))
        if isinstance(outcome, DatabaseUnavailable):
            if invocation.status is Status.RECEIVED and not outcome.refused:
                self._claims.take(invocation.id, self._call_off(writing, invocation))
            raise outcome
        return outcome

    async def ask(self, question: Coroutine[Any, Any, T], *, beside_commit: bool = False) -> T:
        """Return the database's answer, if it comes in time for the ack.

        Args:
            beside_commit: something is committed meanwhile, so the answer may take as long as a commit.

        Raises:
            DatabaseUnavailable: it does not come in time.
        """
        asking = asyncio.create_task(_outcome_of(question))
        self.tasks.own(asking)
        done, _ = await asyncio.wait({asking}, timeout=self._seconds if beside_commit else self._ask_seconds)
        if not done:
            raise DatabaseUnavailable(reason(Code.DATABASE_ANSWERS_SLOWLY))
        outcome = asking.result()
        if isinstance(outcome, DatabaseUnavailable):
            raise outcome
        return outcome

    def _name_of(self, invocation: Invocation) -> str | None:
        """Return the name of the invocation's room, if it is known."""
        request = invocation.request
        return invocation.room_name or (self._room_name(request.room_id) if request else None)

    async def _call_off(
        self, writing: "asyncio.Task[bool | DatabaseUnavailable]", invocation: Invocation
    ) -> None:
        """Refuse the row if it was written after all: the person was told that nothing is done."""
        step = steps.Refused(reason=reason(Code.CALLED_OFF), frees_button=True)
        refuse = partial(self._invocations.advance, invocation, step)
        try:
            async with asyncio.timeout(CALL_OFF_SECONDS):
                outcome = await asyncio.shield(writing)
                if outcome is True or (isinstance(outcome, DatabaseUnavailable) and not outcome.refused):
                    await write_with_retry(refuse, sleep=self._sleep)
        except (asyncio.CancelledError, TimeoutError):
            with suppress(DatabaseUnavailable):
                await refuse()


async def _outcome_of(use: Coroutine[Any, Any, T]) -> T | DatabaseUnavailable:
    """Return the result, or DatabaseUnavailable as a value: nobody may wait for it any more."""
    try:
        return await use
    except DatabaseUnavailable as error:
        return error
