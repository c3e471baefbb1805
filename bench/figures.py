"""What was measured, round by round."""

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
        """Note what one round gave."""
        for name, value in figures.items():
            self.values[work][contender][name].append(value)

    def rounds(self, work: str, contender: str, figure: str) -> Rounds:
        """All values of a figure; none where it was not measured."""
        return self.values.get(work, {}).get(contender, {}).get(figure, [])

    def typical(self, work: str, contender: str, figure: str) -> float | None:
        """The median of the rounds; for a figure called `…_max…` the worst."""
        rounds = self.rounds(work, contender, figure)
        if not rounds:
            return None
        return max(rounds) if "_max" in figure else median(rounds)
