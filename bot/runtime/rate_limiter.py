"""Limit calls to a service that throttles: so many calls a second, fewer while it refuses some."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf

LEAST_PER_SECOND = 0.5
"""The lowest rate, however many calls are refused: with fewer, recovery would be noticed too late."""

_REGAINED = 0.05
"""The share of the full rate that each good answer restores."""


class RateLimiter:
    """A rate limiter: callers pass at even intervals, first come, first served; 0 a second means no limit."""

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._full = self._rate = per_second or inf
        self._now = now
        self._sleep = sleep
        self._latest = -inf
        self._queue = asyncio.Lock()

    @property
    def rate(self) -> float:
        """The current rate in calls a second; infinite without a limit."""
        return self._rate

    async def acquire(self) -> None:
        """Wait until the next call may be made. A caller that stops waiting uses up no call."""
        async with self._queue:
            wait = self._latest + 1 / self._rate - self._now()
            if wait > 0:
                await self._sleep(wait)
            self._latest = self._now()

    def slow_down(self) -> None:
        """Lower the rate: the service refused a call as one too many."""
        self._rate = max(self._rate / 2, min(LEAST_PER_SECOND, self._full))

    def speed_up(self) -> None:
        """Raise the rate: the service answered."""
        self._rate = min(self._rate + self._full * _REGAINED, self._full)
