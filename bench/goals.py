"""The goals as data, and their comparison with the figures.

HTTP is compared with HTTP, Socket Mode with Socket Mode. The script only has Socket Mode.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.figures import Figures


class Verdict(StrEnum):
    """The result of a goal. Goals without figures, or for other sizes, are not judged."""

    MET = "met"
    MISSED = "missed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for a contender's figure: a multiple of its peer's figure; without a peer, a fixed value."""

    work: str
    figure: str
    contender: str
    limit: float
    peer: str = ""
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal and its result: `value` and `peer_value` are typical figures, `ratio` is between them."""

    goal: Goal
    value: float | None
    peer_value: float | None
    ratio: float | None
    verdict: Verdict


def judge(goal: Goal, figures: Figures, *, sizes_match: bool) -> Judged:
    """Compare the figures with a goal."""
    value = figures.typical(goal.work, goal.contender, goal.figure)
    peer_value = figures.typical(goal.work, goal.peer, goal.figure) if goal.peer else None
    ratio = value / peer_value if value is not None and peer_value else None
    compared = ratio if goal.peer else value
    if compared is None or not sizes_match:
        return Judged(goal, value, peer_value, ratio, Verdict.NOT_JUDGED)
    shown = round(compared, 2)  # as the report prints it
    met = shown >= goal.limit if goal.at_least else shown <= goal.limit
    return Judged(goal, value, peer_value, ratio, Verdict.MET if met else Verdict.MISSED)


def _against(contender: str, *, bolt_js: str, floor: str) -> Iterator[Goal]:
    yield Goal("crowd", "per_second", contender, 1.0, bolt_js, at_least=True)
    yield Goal("crowd", "per_second", contender, 10.0, "script", at_least=True)
    yield Goal("crowd", "per_second", contender, 0.75, floor, at_least=True)
    yield Goal("crowd", "ack_p99_ms", contender, 1.5, floor)
    yield Goal("crowd", "ack_p99_ms", contender, 1.0, bolt_js)
    yield Goal("crowd", "ack_max_ms", contender, 1000.0)
    yield Goal("crowd", "peak_mib", contender, 0.5, bolt_js)
    yield Goal("idle", "announcement_p50_ms", contender, 1.5, floor)
    yield Goal("start", "seconds", contender, 1.5, floor)


def _of_long_logs(contender: str) -> Iterator[Goal]:
    for figure in ("page_ms", "duplicate_ms", "record_ms"):
        yield Goal("log", figure, f"{contender}, long", 1.2, f"{contender}, short")
    yield Goal("log", "filter_ms", f"{contender}, long", 50.0)


GOALS = (
    *_against("ours", bolt_js="bolt_js_http", floor="floor"),
    *_against("ours_postgresql", bolt_js="bolt_js_http", floor="floor"),
    *_against("ours_socket", bolt_js="bolt_js", floor="floor_socket"),
    *_of_long_logs("ours"),
    *_of_long_logs("ours_postgresql"),
    Goal("watch", "reads_per_second", "ours", 10.0),
    Goal("watch", "cpu_percent", "ours", 10.0),
)
