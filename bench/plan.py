"""The sizes of the measurements."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of all works. Times are in seconds."""

    name: str
    rounds: int

    warm_up: int
    """Commands before the crowd, all at once: they open connections and warm up the code."""

    commands: int
    at_once: int
    metastudio_seconds: float
    crowd_seconds: float
    """Seconds after which a crowd ends; only commands announced until then count."""

    idle_commands: int
    starts: int
    """Additional timed starts of the process, besides the one before the crowd."""

    rows: tuple[int, int]
    looks: int
    """How often each query is timed in one round."""

    watched_jobs: int
    watch_warm_up: float
    watch_seconds: float

    sets_up: bool
    """True: download what contenders need."""

    is_judged: bool
    """True: the goals apply to these sizes."""


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
    rows=(1_000, 5_000),
    looks=10,
    watched_jobs=200,
    watch_warm_up=1.0,
    watch_seconds=3.0,
    sets_up=False,
    is_judged=False,
)
