"""Run the bench with small sizes. Only `make bench` measures speed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.works.work import WORKS

ROOT = Path(__file__).parent.parent.parent
LIMIT = 170
"""In seconds."""

TAKING_PART = {
    "crowd": {"ours", "ours_postgresql", "ours_socket", "floor", "floor_socket"},
    "idle": {"ours", "ours_postgresql", "ours_socket", "floor", "floor_socket"},
    "start": {"ours", "ours_postgresql", "ours_socket", "floor", "floor_socket", "floor_ack"},
    "log": {"ours, short", "ours, long", "ours_postgresql, short", "ours_postgresql, long"},
    "watch": {"ours"},
}
"""Work → the contenders that must have all of its figures; those that need downloads may be missing."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    written = tmp_path_factory.mktemp("bench") / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(written)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(written.read_text())
    return found | {"printed": done.stdout}


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_every_work_has_its_figures_for_the_bot_and_the_floor(work: Any, measured: dict[str, Any]) -> None:
    contenders = measured["works"][work.name]["contenders"]

    assert contenders.keys() >= TAKING_PART[work.name]
    for name in TAKING_PART[work.name] - {"floor_ack"}:
        assert {column.figure for column in work.columns} <= contenders[name].keys(), name
        assert all(figure["rounds"] for figure in contenders[name].values())


def test_the_report_names_missing_contenders_and_says_that_nothing_is_judged(
    measured: dict[str, Any],
) -> None:
    assert "too small for the goals" in measured["printed"]
    for reason in measured["skipped"].values():
        assert reason in measured["printed"]
