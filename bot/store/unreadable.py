"""The rows that this version of the bot cannot read: a newer one wrote them, or somebody has edited them.

They are left as they are, and nothing else waits for them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import structlog

Row = Sequence[Any]
"""A row whose first column is its ID."""

T = TypeVar("T")

_log = structlog.get_logger()


class Unreadable:
    """The IDs of such rows, each logged once. `event` is what to log, and `id_field` under which name."""

    def __init__(self, event: str, id_field: str) -> None:
        self._event = event
        self._id_field = id_field
        self._ids: set[str] = set()

    async def first(
        self, limit: int, at_most: Callable[[int], Awaitable[Sequence[Row]]], make: Callable[[Row], T]
    ) -> list[T]:
        """Return the first rows that can be read, however many that cannot be read stand before them.

        Args:
            at_most: reads so many rows, always from the first one on.
        """
        while True:
            number, known = limit + len(self._ids), len(self._ids)
            rows = await at_most(number)
            found = self.left_out(rows, make)
            if len(found) >= limit or len(rows) < number or len(self._ids) == known:
                return found[:limit]

    def left_out(self, rows: Iterable[Row], make: Callable[[Row], T]) -> list[T]:
        """Return what `make` makes of the rows, without those at which it raises ValueError."""
        found = []
        for row in rows:
            try:
                found.append(make(row))
            except ValueError as error:
                self._note(str(row[0]), error)
        return found

    def _note(self, row_id: str, error: ValueError) -> None:
        if row_id not in self._ids:
            self._ids.add(row_id)
            _log.error(self._event, **{self._id_field: row_id}, reason=str(error))
