"""An open database, whichever it is."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


class Database(AsyncEngine):
    """An engine that writes in a way of its own: SQLAlchemy's costs several times as much (measured)."""

    @abstractmethod
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Carry out a statement that returns a row for each one it concerns, and say how many there are.

        It is committed by then. Whoever stops waiting does not know whether it is carried out.

        Args:
            in_turn: what the statement depends on that others may be writing at this very moment. Of those
                that name the same, each sees what the one before it has written.
        """

    async def clear_traces(self) -> None:
        """Remove what was overwritten from where the database keeps it by itself, if it can be done now."""
