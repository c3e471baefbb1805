"""Recovery: continue rows that a crash, or a drain that took too long, left behind.

A row with work left has a lease that is longer than its handler's own time limits. Past it any process may
claim the row. The claim is one conditional update, so only one process gets it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.domain import steps
from bot.domain.invocation import Action, Invocation, Status
from bot.durable.claims import Claims
from bot.errors import OutcomeUnknown, Refused
from bot.jobs.gate import Gate
from bot.jobs.outcome import CLAIM_TIME, Outcomes
from bot.jobs.reconcile import Reconciliation
from bot.jobs.start import Starts
from bot.jobs.stop import Stops
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.background import repeat_in_background
from bot.store.invocations import Invocations

EVERY_SECONDS = 2.0
AT_ONCE = 200
"""How many rows are claimed at once, besides rows that this process itself still works on."""

STILL_WANTED = timedelta(minutes=1)
"""A start that was never sent is sent if it is younger than this. Of an older one, its person is asked."""

_log = structlog.get_logger()


class Recovery:
    """The use case: claims overdue rows and continues them."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        starts: Starts,
        stops: Stops,
        reconciliation: Reconciliation,
        outcomes: Outcomes,
        claims: Claims,
        policy: Gate,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._starts = starts
        self._stops = stops
        self._reconciliation = reconciliation
        self._outcomes = outcomes
        self._claims = claims
        self._policy = policy
        self._now = now
        self._sleep = sleep

    async def keep_recovering(self) -> None:
        """Run recovery every two seconds, until cancelled."""
        await repeat_in_background(self.recover_once, every=EVERY_SECONDS, sleep=self._sleep)

    async def recover_once(self) -> None:
        """Claim and continue the rows that are overdue now.

        Raises:
            DatabaseUnavailable: the database cannot be read or written.
        """
        for row in await self._invocations.overdue(self._now(), limit=AT_ONCE + len(self._claims)):
            if row.id in self._claims:
                continue
            taken = await self._invocations.claim(row, self._until(row))
            if taken is not None:
                _log.info(
                    "taken over", invocation_id=row.id, action=row.action.value, status=row.status.value
                )
                self._go_on_with(taken)

    def _until(self, row: Invocation) -> datetime:
        if (row.action, row.status) == (Action.START, Status.RECEIVED):
            return self._starts.lease_until()
        return self._now() + CLAIM_TIME

    def _go_on_with(self, row: Invocation) -> None:
        match row.action, row.status:
            case Action.START, Status.RECEIVED if abs(self._now() - row.created_at) < STILL_WANTED:
                self._start(row)
            case Action.START, Status.RECEIVED:
                self._claims.take(row.id, self._outcomes.interrupted(row))
            case Action.START, Status.STARTING:
                self._claims.take(row.id, self._reconcile(row))
            case Action.START, Status.UNKNOWN:
                self._claims.take(row.id, self._reconciliation.settle(row))
            case Action.STOP, Status.RECEIVED:
                self._claims.take(row.id, self._stops.carry_out(row, resumed=True))
            case Action.START | Action.STOP, _:
                self._claims.take(row.id, self._outcomes.leave_to_posts(row))
            case _:
                self._claims.take(row.id, self._close(row))

    def _start(self, row: Invocation) -> None:
        """Check the policy again, as it may be stricter by now, then send the start."""
        try:
            self._policy.check(row)
        except Refused as error:
            self._claims.take(row.id, self._outcomes.not_started(row, error))
        else:
            self._claims.take(row.id, self._starts.carry_out(row))

    async def _reconcile(self, starting: Invocation) -> None:
        error = OutcomeUnknown(reason(Code.ANSWER_NOT_AWAITED))
        if unknown := await self._outcomes.unknown(starting, error):
            await self._reconciliation.settle(unknown)

    async def _close(self, row: Invocation) -> None:
        """Close a row whose person waited only at that moment."""
        if row.status is Status.RECEIVED:
            why = reason(Code.INTERRUPTED_WHILE_WAITED_FOR)
            await self._invocations.advance(row, steps.Failed(reason=why))
        else:
            await self._invocations.release(row.id, None)
