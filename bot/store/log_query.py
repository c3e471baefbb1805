"""The query of the invocation log: rows by any columns together, each time by the index that finds them best.

Neither database would choose it reliably: SQLite counts no values, so a column with few rows and one with a
million look the same to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, select

from bot.domain.invocation import Status
from bot.store.rows import COLUMNS
from bot.store.tables import UNSETTLED, invocations, is_settled


@dataclass(frozen=True, slots=True)
class _Index:
    """An index: the columns by which it finds rows, its own condition, and the statuses of its rows."""

    columns: frozenset[str]
    statuses: frozenset[Status] = frozenset(Status)
    condition: TextClause | None = None

    def serves(self, wanted: Mapping[str, Any]) -> bool:
        return self.columns <= wanted.keys() and wanted.get("status", Status.DONE) in self.statuses


_SETTLED = frozenset(Status) - UNSETTLED
_INDEXES = (
    _Index(frozenset({"id"})),
    _Index(frozenset({"job_id"})),
    _Index(frozenset({"status"}), UNSETTLED),
    _Index(frozenset({"user_id", "status"}), _SETTLED, is_settled),
    _Index(frozenset({"room_id"})),
    _Index(frozenset({"user_id"})),
    _Index(frozenset({"status"})),
)
"""The first one that serves is used: it leaves the fewest rows."""


def log_query(wanted: Mapping[str, Any], *, since: datetime | None, limit: int | None) -> Select[Any]:
    """Return the query for the rows with these values in these columns, newest first."""
    query = select(*COLUMNS).order_by(invocations.c.created_at.desc(), invocations.c.id).limit(limit)
    index = next((each for each in _INDEXES if each.serves(wanted)), None)
    if index is not None and index.condition is not None:
        query = query.where(index.condition)
    for name, value in wanted.items():
        is_searched = index is not None and name in index.columns
        column = invocations.c[name]
        query = query.where((column if is_searched else _unindexed(column)) == value)
    return query if since is None else query.where(invocations.c.created_at >= since)


def _unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the same value as an expression, for which the databases use no index."""
    return column.concat("")
