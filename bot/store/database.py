"""An open database: SQLite or PostgreSQL."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


class Database(AsyncEngine):
    """An engine with two fast methods for what acks wait for: SQLAlchemy's own cost several times as much."""

    @abstractmethod
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Execute and commit a write, and return the number of rows that it has written.

        The statement returns one row for each row that it writes. If the caller is cancelled, the write may
        have been committed or not.

        Args:
            in_turn: the name of a lock. Writes with the same name run one after the other, so each sees what
                the one before has written.

        Raises:
            DatabaseUnavailable: the write was not executed, or it is not known whether it was.
        """

    @abstractmethod
    async def read(self, sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Return the rows of a query, with the driver's types.

        Raises:
            DatabaseUnavailable: the query was not executed.
        """

    async def clear_traces(self) -> None:
        """Remove overwritten values from the database's own files, if this is possible now."""

    async def write_back(self) -> None:
        """Move the latest writes to where they stay, if the database does not do so in the background.

        After many writes it takes long, and then everybody waits for it.
        """

    async def shrink(self) -> bool:
        """Give some of the database's free space back to the disk. Return True if more is left.

        PostgreSQL does this in the background.
        """
        return False
