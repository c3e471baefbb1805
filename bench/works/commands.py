"""The works that consist of commands: a crowd, one at a time, and the time until the first one."""

import sys

from bench.arena import Arena
from bench.contenders.registry import Contender
from bench.figures import Figures
from bench.plan import Plan
from bench.works.work import CROWD, IDLE, START


def take_turn(arena: Arena, contender: Contender, plan: Plan, turn: int, figures: Figures) -> None:
    """Run all works of a contender for one round, in its own folder, with a new process for each.

    Raises:
        BenchError: the contender does not work.
    """
    place = arena.place(contender, f"round-{turn}")
    with arena.entered(contender, place) as entrant:  # this start creates the database, so it is not counted
        facts = entrant.play(
            plan.idle_commands, at_once=1, metastudio_seconds=0.0, seconds=plan.crowd_seconds
        )
        figures.add(IDLE.name, contender.name, **{n: facts[n] for n in facts if n.endswith("_ms")})
    for _ in range(plan.starts):
        with arena.entered(contender, place) as entrant:
            figures.add(START.name, contender.name, seconds=entrant.seconds_to_ready)
    with arena.entered(contender, place) as entrant:
        figures.add(START.name, contender.name, seconds=entrant.seconds_to_ready)
        entrant.play(plan.warm_up, at_once=plan.at_once, metastudio_seconds=0.0, seconds=plan.crowd_seconds)
        before = entrant.process.cpu_seconds
        with entrant.measured() as busy:
            facts = entrant.play(
                plan.commands,
                at_once=plan.at_once,
                metastudio_seconds=plan.metastudio_seconds,
                seconds=plan.crowd_seconds,
            )
        used = entrant.process.cpu_seconds - before
        if facts["last_words"]:
            sys.stderr.write(f"    {contender.name}: {facts['failed']} failed; {facts['last_words']}\n")
        figures.add(
            CROWD.name,
            contender.name,
            **{name: value for name, value in facts.items() if isinstance(value, int | float)},
            peak_mib=entrant.process.peak_mib,
            cpu_ms=used / facts["done"] * 1000,
            stand_ins_busy=busy[0].stand_ins * 100,
            load_busy=busy[0].load * 100,
        )
