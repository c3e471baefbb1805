"""What the database keeps, and for how long: response_urls while they work, rows as long as is wanted."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bot.errors import DatabaseUnavailable
from bot.runtime.background import repeat_in_background
from bot.store.invocations import Invocations
from bot.store.leases import Leases
from bot.store.pruning import BEGINNING, Cursor, Pruning

RESPONSE_URL_LIFE = timedelta(minutes=30)
EVERY_SECONDS = 20.0
"""Seconds between two runs: a cleared response_url leaves no trace after a minute, even if a reader was in
the way."""

YOUNGEST = timedelta(days=1)
"""No row is removed before this age: the limit of starts per hour and the buttons of messages need it."""

PRUNE_SECONDS = 3600.0
"""Seconds between two runs that remove old rows."""

LEASE_NAME = "pruning"
LEASE_TIME = timedelta(minutes=2)
"""How long a process is the only one that removes rows. It renews the lease in the second half."""

_log = structlog.get_logger()

Sleep = Callable[[float], Awaitable[None]]


async def keep_clearing(
    invocations: Invocations, *, now: Callable[[], datetime], sleep: Sleep = asyncio.sleep
) -> None:
    """Clear expired response_urls, and the traces of those that were used, until cancelled."""

    async def clear() -> None:
        await invocations.forget_response_urls(before=now() - RESPONSE_URL_LIFE)
        await invocations.clear_traces()

    await repeat_in_background(clear, every=EVERY_SECONDS, sleep=sleep)


async def prune(
    pruning: Pruning,
    before: datetime,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[int]:
    """Remove the rows that are older than `before`, then give back their space; yield how many are removed.

    After each small step it pauses for as long as the step took, so that others can use the database.

    Raises:
        DatabaseUnavailable: the database fails. What is removed until then stays removed.
    """
    rows, may_shrink = 0, True
    cursor: Cursor | None = BEGINNING
    while cursor is not None or may_shrink:
        began = clock()
        if cursor is not None:
            removed = await pruning.remove(before, cursor)
            rows, cursor = rows + removed.rows, removed.cursor
        else:
            may_shrink = await pruning.shrink()
        await sleep(clock() - began)
        yield rows


class Retention:
    """Removes old rows in the background, in one process at a time. `holder` names this process."""

    def __init__(
        self,
        pruning: Pruning,
        leases: Leases,
        *,
        age: timedelta,
        holder: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._pruning = pruning
        self._leases = leases
        self._age = age
        self._holder = holder
        self._now = now
        self._clock = clock
        self._sleep = sleep

    async def keep_pruning(self) -> None:
        """Remove old rows now and every hour, until cancelled."""
        await repeat_in_background(self.prune, every=PRUNE_SECONDS, sleep=self._sleep)

    async def prune(self) -> None:
        """Remove the rows that are old by now, unless another process does so.

        Raises:
            DatabaseUnavailable: the database fails.
        """
        removed, lease = 0, await self._claim()
        try:
            if lease is None:
                return
            before = self._now() - self._age
            async for rows in prune(self._pruning, before, clock=self._clock, sleep=self._sleep):
                removed = rows
                if lease - self._now() < LEASE_TIME / 2 and (lease := await self._claim()) is None:
                    return
        finally:
            if removed:
                _log.info("old rows were removed from the invocation log", rows=removed)
            with suppress(DatabaseUnavailable):
                await self._leases.release(LEASE_NAME, self._holder)

    async def _claim(self) -> datetime | None:
        now = self._now()
        until = now + LEASE_TIME
        return until if await self._leases.claim(LEASE_NAME, self._holder, now=now, until=until) else None
