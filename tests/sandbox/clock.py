"""A clock for tests of the stand-ins, in Unix seconds."""

from dataclasses import dataclass


@dataclass
class Clock:
    """A clock that moves only when it is told to."""

    now: float

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
