"""Wait for a service that the process needs: growing pauses, and a line in the process log for each try."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.errors import Unreachable

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
GROWTH = 0.25
"""The share of the time since the first failure that pauses grow by: 9 s at most after 30 s of trouble."""

LONGEST_ASKED_PAUSE = 120.0
"""The longest pause that the other side may ask for."""

Sleep = Callable[[float], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger()


class Pauses:
    """Pauses between tries: they grow until a try succeeds, and differ from process to process."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._now = now
        self._jitter = jitter
        self._since: float | None = None

    @property
    def have_begun(self) -> bool:
        """Whether a try has failed since the last success."""
        return self._since is not None

    def next(self, *, at_least: float = 0.0) -> float:
        """Return the seconds until the next try. `at_least` is what the other side asked for."""
        now = self._now()
        if self._since is None:
            self._since = now
        longest = min(LONGEST_PAUSE, FIRST_PAUSE + GROWTH * (now - self._since))
        return max(longest * (0.8 + 0.2 * self._jitter()), min(at_least, LONGEST_ASKED_PAUSE))

    def reset(self) -> None:
        """Start again with short pauses: a try has succeeded."""
        self._since = None


async def once_reachable(
    attempt: Callable[[], Awaitable[T]],
    *,
    waiting: Callable[[str], None],
    pauses: Pauses,
    sleep: Sleep = asyncio.sleep,
) -> T:
    """Repeat `attempt` until it does not raise Unreachable; return its result. Tell `waiting` each reason."""
    while True:
        try:
            return await attempt()
        except Unreachable as error:
            pause = pauses.next(at_least=error.retry_after)
            waiting(str(error))
            _log.warning("waiting", reason=str(error), advice=error.advice)
        await sleep(pause)
