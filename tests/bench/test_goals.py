"""Goals are compared with figures."""

import pytest

from bench.contenders.registry import CONTENDERS
from bench.figures import Figures
from bench.goals import GOALS, Goal, Verdict, judge
from bench.works.work import WORKS

FASTER = Goal("crowd", "per_second", "ours", 0.75, "floor", at_least=True)
SMALLER = Goal("crowd", "peak_mib", "ours", 0.5, "bolt_js")
NEVER_OVER = Goal("crowd", "ack_max_ms", "ours", 1000.0)


def figures(**rounds: list[float]) -> Figures:
    """Build figures from `ours_per_second=[…]`: the contender, then the figure."""
    found = Figures()
    for name, values in rounds.items():
        contender = next(who for who in ("ours", "floor", "bolt_js") if name.startswith(who))
        for value in values:
            found.add("crowd", contender, **{name.removeprefix(f"{contender}_"): value})
    return found


@pytest.mark.parametrize(
    ("goal", "measured", "verdict"),
    [
        (FASTER, figures(ours_per_second=[80, 75, 10], floor_per_second=[100, 100, 500]), Verdict.MET),
        (FASTER, figures(ours_per_second=[74], floor_per_second=[100]), Verdict.MISSED),
        (SMALLER, figures(ours_peak_mib=[50], bolt_js_peak_mib=[100]), Verdict.MET),
        (SMALLER, figures(ours_peak_mib=[51], bolt_js_peak_mib=[100]), Verdict.MISSED),
        (NEVER_OVER, figures(ours_ack_max_ms=[10, 1000, 20]), Verdict.MET),
        (NEVER_OVER, figures(ours_ack_max_ms=[10, 1001, 20]), Verdict.MISSED),
    ],
)
def test_the_median_round_counts_and_for_maxima_the_worst(
    goal: Goal, measured: Figures, verdict: Verdict
) -> None:
    assert judge(goal, measured, sizes_match=True).verdict is verdict


def test_without_the_peer_there_is_no_verdict() -> None:
    judged = judge(SMALLER, figures(ours_peak_mib=[50]), sizes_match=True)

    assert (judged.value, judged.verdict) == (50, Verdict.NOT_JUDGED)


def test_at_other_sizes_there_is_a_ratio_but_no_verdict() -> None:
    judged = judge(SMALLER, figures(ours_peak_mib=[50], bolt_js_peak_mib=[200]), sizes_match=False)

    assert (judged.ratio, judged.verdict) == (0.25, Verdict.NOT_JUDGED)


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: f"{goal.contender}-{goal.figure}-{goal.peer}")
def test_goals_name_existing_figures_and_contenders(goal: Goal) -> None:
    columns = next(work.columns for work in WORKS if work.name == goal.work)
    names = {contender.name for contender in CONTENDERS}

    assert goal.figure in {column.figure for column in columns}
    assert goal.contender.partition(", ")[0] in names
    assert not goal.peer or goal.peer.partition(", ")[0] in names
