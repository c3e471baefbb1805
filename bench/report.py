"""The result: a table for each work, for people; the same and every single round, as JSON."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.dialogue import Facts
from bench.figures import Figures
from bench.goals import GOALS, Judged, judge
from bench.plan import Plan
from bench.works.work import WORKS, Column, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of a run. `labels` has all contenders, `manners` describes those that took part."""

    date: str
    machine: Mapping[str, str]
    plan: Plan
    rounds: int
    labels: Mapping[str, str]
    manners: Mapping[str, str]
    skipped: Mapping[str, str]
    sustained: Facts
    figures: Figures

    def text(self) -> str:
        """Return Markdown that is also readable as plain text."""
        return "\n".join(self._lines())

    def as_json(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "date": self.date,
            "machine": dict(self.machine),
            "plan": asdict(self.plan) | {"rounds": self.rounds},
            "contenders": {
                name: {"label": self.labels[name], "manner": manner} for name, manner in self.manners.items()
            },
            "skipped": dict(self.skipped),
            "sustained": self.sustained,
            "works": {work.name: self._work_as_json(work) for work in WORKS},
            "goals": [asdict(judged) for judged in self._judged()],
        }

    def _work_as_json(self, work: Work) -> dict[str, Any]:
        return {
            "title": work.heading(self.plan),
            "contenders": {
                contender: {
                    figure: {
                        "typical": self.figures.typical(work.name, contender, figure),
                        "rounds": rounds,
                    }
                    for figure, rounds in figures.items()
                }
                for contender, figures in self.figures.values.get(work.name, {}).items()
            },
        }

    def _judged(self) -> list[Judged]:
        return [judge(goal, self.figures, sizes_match=self.plan.is_judged) for goal in GOALS]

    def _lines(self) -> Iterator[str]:
        yield f"Measured {self.date}: {'; '.join(f'{name} {is_}' for name, is_ in self.machine.items())}."
        rounds = "1 round" if self.rounds == 1 else f"{self.rounds} rounds"
        yield f"Medians of {rounds} ({self.plan.name}), in turns; maxima over all rounds."
        if not self.plan.is_judged:
            yield "These sizes are too small for the goals."
        yield (
            "Stand-ins and load generator alone, MetaStudio 0 s: at least "
            f"{self.sustained['per_second']:,.0f} commands a second "
            f"(stand-ins {self.sustained['stand_ins']:.0%} of a core, load {self.sustained['load']:.0%})."
        )
        for name, reason in self.skipped.items():
            yield f"Skipped: {self.labels.get(name, name)}: {reason}."
        judged = self._judged()
        for work in WORKS:
            yield f"\n### {work.heading(self.plan)}\n"
            yield from self._table(work)
            verdicts = [one for one in judged if one.goal.work == work.name and one.value is not None]
            if verdicts and self.plan.is_judged:
                yield ""
                yield from self._verdicts(work, verdicts)
        yield "\nHow each one works:\n"
        yield from (f"- {self.labels[name]}: {manner}" for name, manner in self.manners.items())

    def _table(self, work: Work) -> Iterator[str]:
        measured, order = self.figures.values.get(work.name, {}), list(self.labels)
        rows = [
            [self._label(name), *(self._cell(work, name, column) for column in work.columns)]
            for name in sorted(measured, key=lambda name: order.index(name.partition(", ")[0]))
        ]
        yield from _markdown(["contender", *(column.heading for column in work.columns)], rows)

    def _cell(self, work: Work, contender: str, column: Column) -> str:
        return _number(self.figures.typical(work.name, contender, column.figure), column.digits)

    def _verdicts(self, work: Work, verdicts: Sequence[Judged]) -> Iterator[str]:
        columns = {column.figure: column for column in work.columns}
        rows = []
        for one in verdicts:
            column = columns[one.goal.figure]
            sign = "≥" if one.goal.at_least else "≤"
            peer = f" × {self._label(one.goal.peer)}" if one.goal.peer else ""
            found = one.ratio if one.goal.peer else one.value
            rows.append(
                [
                    self._label(one.goal.contender),
                    f"{column.heading} {sign} {one.goal.limit:g}{peer}",
                    _number(found, 2) + (" ×" if one.ratio is not None else ""),
                    one.verdict.value,
                ]
            )
        yield from _markdown(["contender", "goal", "found", "verdict"], rows)

    def _label(self, name: str) -> str:
        """Return the label of a contender, or of one of its logs with the number of rows."""
        contender, _, size = name.partition(", ")
        label = self.labels[contender]
        if not size:
            return label
        rows = self.plan.rows[0 if size == "short" else 1]
        return f"{label.removeprefix('avatar-bot, HTTP, ')}, {rows:,} rows"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table whose columns line up as plain text too."""
    widths = [max(map(_width, column)) for column in zip(headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)]
        return f"| {' | '.join(padded)} |"

    yield line(headings)
    yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    yield from (line(row) for row in rows)


def _width(text: str) -> int:
    return sum(not unicodedata.combining(char) for char in text)
