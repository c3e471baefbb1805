"""The report of a run of the bench."""

from bench.figures import Figures
from bench.plan import QUICK
from bench.report import Report


def test_the_json_describes_the_contenders_that_took_part() -> None:
    figures = Figures()
    figures.add("crowd", "ours", announced=500.0)
    report = Report(
        date="2026-11-28",
        machine={"cores": "2"},
        plan=QUICK,
        rounds=1,
        labels={"ours": "avatar-bot", "script": "a script"},
        manners={"ours": "signs"},
        skipped={},
        sustained={"per_second": 1000.0, "stand_ins": 0.5, "load": 0.5},
        figures=figures,
    )
    assert report.as_json()["contenders"] == {"ours": {"label": "avatar-bot", "manner": "signs"}}
