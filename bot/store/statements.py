"""Carrying out one statement; every failure of the database is LogUnavailable."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.database import log_failures

_LOCKS = 0x6C6F67
"""The first half of the numbers of our advisory locks ("log" in ASCII); the second is what is waited for."""


async def execute(engine: AsyncEngine, statement: Any, *, in_turn: str | None = None) -> int:
    """Write, and say how many rows it concerned.

    Args:
        in_turn: what the statement depends on that others may be writing at this very moment. Of those that
            name the same, each sees what the one before it has written. SQLite has one writer, so there it is
            always so.
    """
    with log_failures():
        async with engine.connect() as connection:
            if in_turn is not None and engine.dialect.name == "postgresql":
                return await _execute_in_turn(connection, statement, in_turn)
            return int((await connection.execute(statement)).rowcount)


async def fetch(engine: AsyncEngine, query: Any) -> Sequence[Row[Any]]:
    """Read all rows."""
    with log_failures():
        async with engine.connect() as connection:
            return (await connection.execute(query)).all()


async def _execute_in_turn(connection: AsyncConnection, statement: Any, name: str) -> int:
    """A statement sees what was committed when it began, so the lock has to be had before: two statements."""
    lock = func.pg_advisory_xact_lock(_LOCKS, func.hashtext(name))
    transacting = await connection.execution_options(isolation_level="READ COMMITTED")
    async with transacting.begin():
        await transacting.execute(select(lock))
        return int((await transacting.execute(statement)).rowcount)
