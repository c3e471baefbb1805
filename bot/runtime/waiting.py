"""Waiting for what the process needs and cannot reach: pauses that grow, and a word about it each time."""

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
"""How much of the time since the first failure the next pause takes: 9 s at most after 30 s of trouble."""

LONGEST_ASKED_PAUSE = 120.0
"""The longest pause that the other side may ask for."""

Sleep = Callable[[float], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger()


class Pauses:
    """Pauses between tries: they grow as long as nothing succeeds, and differ from process to process."""

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
        """Whether something has failed since the last success."""
        return self._since is not None

    def next(self, *, at_least: float = 0.0) -> float:
        """Seconds until the next try. `at_least` is what the other side asked for."""
        now = self._now()
        if self._since is None:
            self._since = now
        longest = min(LONGEST_PAUSE, FIRST_PAUSE + GROWTH * (now - self._since))
        return max(longest * (0.8 + 0.2 * self._jitter()), min(at_least, LONGEST_ASKED_PAUSE))

    def reset(self) -> None:
        """A try has succeeded."""
        self._since = None


async def once_reachable(
    attempt: Callable[[], Awaitable[T]],
    *,
    waiting: Callable[[str], None],
    pauses: Pauses,
    sleep: Sleep = asyncio.sleep,
) -> T:
    """What `attempt` returns, once it does not raise Unreachable any more. `waiting` is told each reason."""
    while True:
        try:
            return await attempt()
        except Unreachable as error:
            pause = pauses.next(at_least=error.retry_after)
            waiting(str(error))
            _log.warning("waiting", reason=str(error), advice=error.advice)
        await sleep(pause)
