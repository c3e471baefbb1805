"""Carrying out one statement; every failure of the database is LogUnavailable.

On SQLite a write is SQL that SQLAlchemy has made once: with SQLAlchemy's own way there are eight turns of
aiosqlite's thread a statement, and four times the processor's time (measured).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.database import log_failures
from bot.store.writes import SqliteEngine

_LOCKS = 0x6C6F67
"""The first half of the numbers of our advisory locks ("log" in ASCII); the second is what is waited for."""


async def execute(
    engine: AsyncEngine,
    statement: Any,
    values: Mapping[str, Any] | None = None,
    *,
    in_turn: str | None = None,
) -> int:
    """Write, and say how many rows it concerned.

    Args:
        statement: an INSERT, UPDATE or DELETE; one that is used again and again is built once, with names
            where the values belong.
        values: what belongs there.
        in_turn: what the statement depends on that others may be writing at this very moment. Of those that
            name the same, each sees what the one before it has written. SQLite has one writer, so there it is
            always so.
    """
    with log_failures():
        if isinstance(engine, SqliteEngine):
            return await _execute_on_sqlite(engine, statement, values or {})
        async with engine.connect() as connection:
            if in_turn is not None:
                return await _execute_in_turn(connection, statement, values, in_turn)
            return int((await connection.execute(statement, values)).rowcount)


async def fetch(engine: AsyncEngine, query: Any) -> Sequence[Row[Any]]:
    """Read all rows."""
    with log_failures():
        async with engine.connect() as connection:
            return (await connection.execute(query)).all()


async def _execute_in_turn(
    connection: AsyncConnection, statement: Any, values: Mapping[str, Any] | None, name: str
) -> int:
    """A statement sees what was committed when it began, so the lock has to be had before: two statements."""
    lock = func.pg_advisory_xact_lock(_LOCKS, func.hashtext(name))
    transacting = await connection.execution_options(isolation_level="READ COMMITTED")
    async with transacting.begin():
        await transacting.execute(select(lock))
        return int((await transacting.execute(statement, values)).rowcount)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as SQLite takes it; `places` are the names in the order of its question marks."""

    sql: str
    places: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    constants: Mapping[str, Any]


async def _execute_on_sqlite(engine: SqliteEngine, statement: Any, values: Mapping[str, Any]) -> int:
    prepared = _prepared(statement, engine.dialect)
    given = {**prepared.constants, **values}
    parameters = [convert(given[name]) if convert else given[name] for name, convert in prepared.places]
    return await engine.write(prepared.sql, parameters)


@lru_cache(maxsize=256)
def _prepared(statement: Any, dialect: Dialect) -> _Prepared:
    key = statement.table.primary_key.columns[0]
    compiled = statement.returning(key).compile(dialect=dialect)
    state = compiled.construct_expanded_state()
    lists = {one: name for name, many in state.parameter_expansion.items() for one in many}

    def converter(name: str) -> Callable[[Any], Any] | None:
        column_type = compiled.binds[lists.get(name, name)].type
        return column_type.dialect_impl(dialect).bind_processor(dialect)  # type: ignore[no-any-return]  # untyped

    return _Prepared(
        sql=state.statement,
        places=tuple((name, converter(name)) for name in state.positiontup),
        constants=state.parameters,
    )
