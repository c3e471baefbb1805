"""Starting a job: from an accepted request to MetaStudio's answer.

received ─ turn ─ starting ─ MetaStudio ─ started
                                       ├─ failed
                                       └─ unknown ─ reconciled with the room's jobs

Each step is committed before the next begins, the call's beginning included, so that no crash can lead to a
second start.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.custody import Custody
from bot.errors import AvatarError, LogUnavailable, OutcomeUnknown, Refused
from bot.intake import Intake
from bot.metastudio.client import MetaStudio
from bot.model import Invocation, StartRequest, Status
from bot.outcomes import Outcomes
from bot.parsing import request_of
from bot.reconciliation import Reconciliation
from bot.store.invocations import Invocations

DEADLINE_MARGIN = timedelta(seconds=10)
"""How much later than the handler's own time limit another process may take a row over."""


@dataclass(frozen=True, slots=True)
class Twin:
    """The same room and region was asked for a moment ago."""

    existing: Invocation


class Starts:
    """The use case. `turn` waits for the rate limit; `seconds` limits that wait, and then the call itself."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        intake: Intake,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        reconciliation: Reconciliation,
        custody: Custody,
        turn: Callable[[], Awaitable[object]],
        seconds: float,
        now: Callable[[], datetime],
    ) -> None:
        self._invocations = invocations
        self._intake = intake
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._reconciliation = reconciliation
        self._custody = custody
        self._turn = turn
        self._seconds = seconds
        self._now = now

    async def commit(self, invocation: Invocation, request: StartRequest) -> Invocation | Twin | None:
        """Write the start down as received; None where this very delivery is in the log already.

        Raises:
            LogUnavailable: it is not committed, and nothing may be started; or what was in its way is over.
        """
        asked = self._intake.named(invocation.asking_for(request))
        received = replace(asked, status=Status.RECEIVED, deadline=self.deadline())
        if await self._intake.commit(received, unless_twin=True):
            return received
        existing = await self._intake.ask(self._invocations.find_twin(received))
        if existing is None:
            raise LogUnavailable("The log has changed meanwhile.", advice="Try again in a moment.")
        return None if existing.trigger_id == received.trigger_id is not None else Twin(existing)

    def begin(self, received: Invocation) -> None:
        """Carry a committed start out, from here on without anybody waiting for it."""
        self._custody.take(received.id, self._carry_out(received))

    async def _carry_out(self, invocation: Invocation) -> None:
        try:
            await self._await_turn()
            starting = await self._invocations.advance(invocation, Status.STARTING, deadline=self.deadline())
            if starting is None:
                return
            invocation = starting
            started = await self._metastudio.start(
                request_of(invocation), app_user_id=invocation.user_id, seconds=self._seconds
            )
        except OutcomeUnknown as error:
            if unknown := await self._outcomes.unknown(invocation, error):
                await self._reconciliation.settle(unknown)
        except LogUnavailable:
            raise  # whether it is starting is not known: the sweep goes on with whichever it is
        except AvatarError as error:
            await self._outcomes.not_started(invocation, error)
        else:
            await self._outcomes.started(invocation, started.job, started.answer)

    async def _await_turn(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._turn()
        except TimeoutError:
            raise Refused(
                f"Too many starts are waiting: this one had no turn within {self._seconds:g} seconds.",
                advice="Try again in a moment.",
            ) from None

    def deadline(self) -> datetime:
        """Until when one step of a start that begins now is over: its turn, or its call."""
        return self._now() + timedelta(seconds=self._seconds) + DEADLINE_MARGIN
