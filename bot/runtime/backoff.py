"""Compute pauses between tries: longer after each failure, up to a limit. Pure."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds: `first`, then each `growth` times as long as the one before, at most `longest`.

    Chance may add up to the share `spread` of a pause, so that not all processes retry at the same moment.
    """

    first: float
    longest: float = inf
    growth: float = 2.0
    spread: float = 0.0

    def pause(self, failures: int, *, chance: float = 0.0, asked: float | None = None) -> float:
        """Return how long to wait after this number of failures, at least one.

        Args:
            chance: a number in [0, 1).
            asked: the wait that the other side asked for, as by Retry-After; the pause is not shorter.
        """
        try:
            grown = min(self.first * self.growth ** (failures - 1), self.longest)
        except OverflowError:
            grown = self.longest
        return max(grown * (1 + self.spread * chance), asked or 0.0)
