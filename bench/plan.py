"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of all works. Times are seconds."""

    name: str
    rounds: int

    warm_up: int
    """Commands before the crowd, as many at a time: connections are open then, and code is compiled."""

    commands: int
    at_once: int
    metastudio_seconds: float
    crowd_seconds: float
    """A crowd is sent home after so long; what was announced by then is what counts."""

    idle_commands: int
    starts: int
    """Starts that are timed for their own sake, beside the one before the crowd."""

    rows: tuple[int, int]
    looks: int
    """How often each query is timed in one round."""

    watched_jobs: int
    watch_warm_up: float
    watch_seconds: float

    sets_up: bool
    """Whether to download what contenders need."""

    is_judged: bool
    """Whether the sizes are those that the goals speak of."""


FULL = Plan(
    name="full",
    rounds=5,
    warm_up=200,
    commands=3000,
    at_once=200,
    metastudio_seconds=0.3,
    crowd_seconds=60.0,
    idle_commands=200,
    starts=1,
    rows=(10_000, 1_000_000),
    looks=40,
    watched_jobs=5000,
    watch_warm_up=5.0,
    watch_seconds=60.0,
    sets_up=True,
    is_judged=True,
)

QUICK = Plan(
    name="quick",
    rounds=1,
    warm_up=20,
    commands=100,
    at_once=20,
    metastudio_seconds=0.05,
    crowd_seconds=8.0,
    idle_commands=10,
    starts=0,
    rows=(1_000, 20_000),
    looks=10,
    watched_jobs=200,
    watch_warm_up=1.0,
    watch_seconds=5.0,
    sets_up=False,
    is_judged=False,
)
