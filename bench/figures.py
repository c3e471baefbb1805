"""The measured figures, round by round."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

Rounds = list[float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Work → contender → figure → its value in each round."""

    values: dict[str, dict[str, dict[str, Rounds]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )

    def add(self, work: str, contender: str, **figures: float) -> None:
        """Add the figures of one round."""
        for name, value in figures.items():
            self.values[work][contender][name].append(value)

    def rounds(self, work: str, contender: str, figure: str) -> Rounds:
        """Return all values of a figure; none if it was not measured."""
        return self.values.get(work, {}).get(contender, {}).get(figure, [])

    def typical(self, work: str, contender: str, figure: str) -> float | None:
        """Return the median of the rounds, or the worst value for a figure called `…_max…`."""
        rounds = self.rounds(work, contender, figure)
        if not rounds:
            return None
        return max(rounds) if "_max" in figure else median(rounds)
