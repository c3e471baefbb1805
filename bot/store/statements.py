"""Carrying out one statement; every failure of the database is DatabaseUnavailable.

A write is SQL that SQLAlchemy has made once, and goes past it to the driver: on SQLite SQLAlchemy's own way
takes eight turns of aiosqlite's thread a statement, and four times the processor's time (measured).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Row, Table
from sqlalchemy.dialects import sqlite

from bot.store.database import Database
from bot.store.errors import database_failures


async def execute(
    database: Database,
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
        in_turn: see `Database.write`.
    """
    with database_failures():
        prepared = _prepared(statement, database.dialect)
        given = {**prepared.constants, **(values or {})}
        parameters = [convert(given[name]) if convert else given[name] for name, convert in prepared.places]
        return await database.write(prepared.sql, parameters, in_turn=in_turn)


async def fetch(database: Database, query: Any) -> Sequence[Row[Any]]:
    """Read all rows."""
    with database_failures():
        async with database.connect() as connection:
            return (await connection.execute(query)).all()


def insert_into(table: Table, dialect: Dialect) -> Any:
    """An INSERT that can be told what to do ON CONFLICT, which both databases know and SQL does not."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MiB and 20 ms, which SQLite does without

    return postgresql.insert(table)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as the driver takes it; `places` are the names in the order of its placeholders."""

    sql: str
    places: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    constants: Mapping[str, Any]


@lru_cache(maxsize=256)
def _prepared(statement: Any, dialect: Dialect) -> _Prepared:
    """What SQLAlchemy would hand to the driver.

    Of SQLAlchemy's compiled statement this uses `binds`, and of its expanded state `statement`, `parameters`,
    `positiontup` and `parameter_expansion`, which its documentation does not promise: here and nowhere else.
    """
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
