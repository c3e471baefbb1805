"""Measure what following thousands of running jobs costs an otherwise idle bot."""

import time

from bench.arena import Arena
from bench.contenders.registry import OURS
from bench.dialogue import Facts
from bench.figures import Figures
from bench.plan import Plan
from bench.works.rows import fill_with_running_jobs
from bench.works.work import WATCH

SETTINGS = {"AVATAR_READS_PER_SECOND": "10"}


def watch(arena: Arena, plan: Plan, turn: int, figures: Figures) -> None:
    """Run one round. All jobs were announced as accepted and now run, so each read leads to an edit.

    Raises:
        BenchError: the bot does not get ready.
    """
    place = arena.place(OURS, f"watch-{turn}")
    fill_with_running_jobs(place.folder / "avatar-bot.db", plan.watched_jobs)
    with arena.entered(OURS, place, SETTINGS) as entrant:
        time.sleep(plan.watch_warm_up)
        before, began = arena.stand_ins.ask(), time.monotonic()
        with entrant.measured() as busy:
            time.sleep(plan.watch_seconds)
        after, seconds = arena.stand_ins.ask(), time.monotonic() - began
        figures.add(
            WATCH.name,
            OURS.name,
            cpu_percent=busy[0].contender * 100,
            reads_per_second=_more(("lists", "states"), before, after) / seconds,
            edits_per_second=_more(("edits",), before, after) / seconds,
            peak_mib=entrant.process.peak_mib,
        )


def _more(kinds: tuple[str, ...], before: Facts, after: Facts) -> int:
    return sum(int(after.get(kind, 0)) - int(before.get(kind, 0)) for kind in kinds)
