"""Wait for a service that the process needs: growing pauses, and a line in the process log for each try."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.errors import Unreachable
from bot.runtime.backoff import Backoff

BACKOFF = Backoff(first=0.8, longest=24.0, growth=1.25, spread=0.25)
"""The pauses grow slowly: after 30 s of trouble the next try is at most 9 s away."""

LONGEST_ASKED_PAUSE = 120.0
"""The longest pause that the other side may ask for."""

Sleep = Callable[[float], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger()


class Pauses:
    """Pauses between tries: they grow until a try succeeds, and differ from process to process."""

    def __init__(self, *, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._failures = 0

    @property
    def have_begun(self) -> bool:
        """Whether a try has failed since the last success."""
        return self._failures > 0

    def next(self, *, at_least: float = 0.0) -> float:
        """Return the seconds until the next try. `at_least` is what the other side asked for."""
        self._failures += 1
        asked = min(at_least, LONGEST_ASKED_PAUSE)
        return BACKOFF.pause(self._failures, chance=self._chance(), asked=asked)

    def reset(self) -> None:
        """Start again with short pauses: a try has succeeded."""
        self._failures = 0


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
