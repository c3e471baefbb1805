"""Send commands one after the other or many at a time, and measure how long each takes.

This is a closed loop: each of the people types the next command once the last one was announced or failed.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.announcements import Announcements
from bench.dialogue import Facts
from bench.load.ways import Delivered

ACK_SECONDS = 3.0
"""How long Slack waits. A later ack counts as this long, and as missed."""

ANNOUNCEMENT_SECONDS = 30.0
"""Seconds that a person waits for the announcement of a command before they give up."""


@dataclass(slots=True)
class Tally:
    """The seconds of each command, counted from its sending."""

    acks: list[float] = field(default_factory=list)
    announcements: list[float] = field(default_factory=list)
    missed_acks: int = 0
    failed: int = 0
    last_words: str = ""

    def facts(self, seconds: float, *, announces: bool) -> Facts:
        """Return totals; rates are per second, times in milliseconds."""
        done = len(self.announcements) if announces else len(self.acks) - self.missed_acks
        return {
            "done": done,
            "failed": self.failed,
            "missed_acks": self.missed_acks,
            "per_second": done / seconds,
            **_quantiles("ack", self.acks),
            **_quantiles("announcement", self.announcements),
            "last_words": self.last_words,
        }


class Crowd:
    """People who type commands. If the bot does not announce, a command is done once it is acknowledged."""

    def __init__(self, announcements: Announcements, *, announces: bool) -> None:
        self._announcements = announcements
        self._announces = announces

    async def play(
        self, deliveries: Sequence[tuple[int, Delivered]], *, at_once: int, seconds: float
    ) -> Facts:
        """Type all commands, for at most this many seconds."""
        tally, left = Tally(), iter(deliveries)
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as people:
                for _ in range(at_once):
                    people.create_task(self._keep_typing(left, tally))
        except TimeoutError:
            tally.last_words = tally.last_words or f"cut off after {seconds:g} s"
        return tally.facts(time.monotonic() - began, announces=self._announces)

    async def _keep_typing(self, left: Iterator[tuple[int, Delivered]], tally: Tally) -> None:
        for number, deliver in left:
            await self._type(number, deliver, tally)

    async def _type(self, number: int, deliver: Delivered, tally: Tally) -> None:
        announced = self._announcements.expect(number)
        sent = time.monotonic()
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await deliver()
        except TimeoutError:
            tally.missed_acks += 1
            tally.acks.append(ACK_SECONDS)
        except OSError as error:
            tally.failed += 1
            tally.last_words = str(error)
            self._announcements.forget(number)
            return
        else:
            tally.acks.append(time.monotonic() - sent)
        if not self._announces:
            self._announcements.forget(number)
            return
        try:
            async with asyncio.timeout(ANNOUNCEMENT_SECONDS):
                tally.announcements.append(await announced - sent)
        except TimeoutError:
            tally.failed += 1
            tally.last_words = f"no announcement within {ANNOUNCEMENT_SECONDS:g} s"
            self._announcements.forget(number)


def _quantiles(name: str, seconds: Sequence[float]) -> Facts:
    """Return quantiles by nearest rank, in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        f"{name}_{word}_ms": ordered[math.ceil(share * len(ordered)) - 1] * 1000
        for word, share in shares.items()
    }
