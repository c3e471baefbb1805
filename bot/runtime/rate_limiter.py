"""The pace of calls to a service that throttles: so many a second, fewer as long as it refuses some."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf

LEAST_PER_SECOND = 0.5
"""However much is refused: with fewer turns it would take too long to notice that all is well again."""

_REGAINED = 0.05
"""The share of the full rate that each good answer gives back."""


class Pace:
    """Turns at even distances, in the order in which they were asked for; 0 a second means no limit."""

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
        """Turns a second at the moment, infinite without a limit."""
        return self._rate

    async def turn(self) -> None:
        """Wait for the next turn. Who gives up waiting uses none up."""
        async with self._queue:
            wait = self._latest + 1 / self._rate - self._now()
            if wait > 0:
                await self._sleep(wait)
            self._latest = self._now()

    def slow_down(self) -> None:
        """The service refused a call as one too many."""
        self._rate = max(self._rate / 2, min(LEAST_PER_SECOND, self._full))

    def speed_up(self) -> None:
        """The service answered."""
        self._rate = min(self._rate + self._full * _REGAINED, self._full)
