"""Recovery: claim the rows that a crash, or a drain that took too long, left behind.

A row with work left has a lease that is longer than its handler's own time limits. Past it any process may
claim the row. The claim is one conditional update, so only one process gets it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bot.durable.claims import Claims
from bot.jobs.worker import Worker
from bot.runtime.background import repeat_in_background
from bot.store.invocations import Invocations

EVERY_SECONDS = 2.0
AT_ONCE = 200
"""How many rows are claimed at once, besides rows that this process itself still works on."""

_log = structlog.get_logger()


class Recovery:
    """The use case: claims overdue rows and lets the worker continue them."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        worker: Worker,
        claims: Claims,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._worker = worker
        self._claims = claims
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
        await self._invocations.bring_back(self._now())
        for row in await self._invocations.overdue(self._now(), limit=AT_ONCE + len(self._claims)):
            if row.id in self._claims:
                continue
            taken = await self._invocations.claim(row, self._worker.lease_until(row))
            if taken is not None:
                _log.info(
                    "taken over", invocation_id=row.id, action=row.action.value, status=row.status.value
                )
                self._claims.take(row.id, self._worker.work_on(taken, resumed=True))
