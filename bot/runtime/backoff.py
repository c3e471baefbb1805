"""How long to wait between tries: longer after each failure, up to a limit. Pure."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds: `first`, then each `growth` times the one before, none over `longest`.

    `spread` is the share of a pause that chance may add to it, so that not all try again at the same moment.
    """

    first: float
    longest: float = inf
    growth: float = 2.0
    spread: float = 0.0

    def pause(self, failures: int, *, chance: float = 0.0, asked: float | None = None) -> float:
        """How long to wait after so many failures, one or more.

        Args:
            chance: a number in [0, 1).
            asked: what the other side has asked for, as by Retry-After: the pause is no shorter.
        """
        try:
            grown = min(self.first * self.growth ** (failures - 1), self.longest)
        except OverflowError:
            grown = self.longest
        return max(grown * (1 + self.spread * chance), asked or 0.0)
