"""An open database, whichever it is."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


class Database(AsyncEngine):
    """An engine with a faster way for what acks wait for: SQLAlchemy's costs several times as much."""

    @abstractmethod
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Carry out a statement that returns a row for each one it concerns, and say how many there are.

        It is committed by then. Whoever stops waiting does not know whether it is carried out.

        Args:
            in_turn: what the statement depends on that others may be writing at this very moment. Of those
                that name the same, each sees what the one before it has written.

        Raises:
            DatabaseUnavailable: it was not carried out, or it is not known whether it was.
        """

    @abstractmethod
    async def read(self, sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a query, as the driver gives them.

        Raises:
            DatabaseUnavailable: it was not carried out.
        """

    async def clear_traces(self) -> None:
        """Remove what was overwritten from where the database keeps it by itself, if it can be done now."""
