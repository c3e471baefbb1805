"""Run all contenders, round by round; each round begins with another contender."""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.arena import Arena, sustained
from bench.contenders.registry import BARE, CONTENDERS, OURS, Contender
from bench.figures import Figures
from bench.machine import description
from bench.plan import Plan
from bench.postgresql import PostgreSql
from bench.processes import BenchError
from bench.report import Report
from bench.toolchains import Skipped
from bench.works.commands import take_turn
from bench.works.long_logs import LongLogs
from bench.works.watching import watch


class Run:
    """One run of a plan, in a temporary folder."""

    def __init__(self, folder: Path, plan: Plan, contenders: Sequence[Contender], *, date: str) -> None:
        self._folder = folder
        self._plan = plan
        self._contenders = contenders
        self._date = date
        self._skipped: dict[str, str] = {}
        self._figures = Figures()
        self._postgresql = PostgreSql(folder)
        self.has_failures = False

    def carry_out(self) -> Report:
        """Run everything.

        Raises:
            BenchError: the stand-ins do not work.
        """
        taking_part = [contender for contender in self._contenders if self._is_prepared(contender)]
        _tell("making the logs")
        logs = LongLogs(self._folder, self._postgresql, self._plan)
        if logs.skipped:
            self._skipped["the log on PostgreSQL"] = logs.skipped
        arena = Arena(self._folder, self._postgresql)
        try:
            _tell("the stand-ins alone")
            found = sustained(arena, BARE, self._plan)
            for turn in range(self._plan.rounds):
                first = turn % (len(taking_part) or 1)
                for contender in (*taking_part[first:], *taking_part[:first]):
                    self._take_turn(arena, contender, turn)
                _tell(f"round {turn + 1} of {self._plan.rounds}: long logs, jobs under watch")
                logs.take_turn(self._figures)
                if OURS in taking_part:
                    watch(arena, self._plan, turn, self._figures)
        finally:
            arena.close()
        return Report(
            date=self._date,
            machine=description(),
            plan=self._plan,
            rounds=self._plan.rounds,
            labels={contender.name: contender.label for contender in CONTENDERS},
            manners={contender.name: contender.manner for contender in self._contenders},
            skipped=self._skipped,
            sustained=found,
            figures=self._figures,
        )

    def close(self) -> None:
        """Stop the processes that outlive a round."""
        self._postgresql.close()

    def _is_prepared(self, contender: Contender) -> bool:
        try:
            if contender.needs:
                contender.needs.prepare(may_download=self._plan.sets_up)
        except Skipped as reason:
            self._skipped[contender.name] = str(reason)
            return False
        return True

    def _take_turn(self, arena: Arena, contender: Contender, turn: int) -> None:
        if contender.name in self._skipped:
            return
        _tell(f"round {turn + 1} of {self._plan.rounds}: {contender.label}")
        try:
            take_turn(arena, contender, self._plan, turn, self._figures)
        except Skipped as reason:
            self._skipped[contender.name] = str(reason)
        except BenchError as error:
            sys.stderr.write(f"{error}\n")
            self._skipped[contender.name] = "it failed, see above"
            self.has_failures = True


def _tell(what: str) -> None:
    sys.stderr.write(f"  {what} …\n")
