"""A clock for tests, in seconds."""

from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that moves only when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
