"""Execute single statements. Every failure of the database, or of its driver, is DatabaseUnavailable.

SQLAlchemy compiles a statement once. Then writes, and reads that acks wait for, go directly to the driver: on
SQLite SQLAlchemy needs eight calls into aiosqlite's thread for a statement, and four times the CPU time
(measured).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Dialect,
    Row,
    Select,
    Table,
    bindparam,
    exists,
    make_url,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.visitors import replacement_traverse

from bot.store.database import Database
from bot.store.errors import database_failures
from bot.store.sqlite_driver import SqliteDatabase

Then = Callable[[ColumnElement[bool]], Any]
"""Makes a statement that writes only if a condition is true. It must be a function of a module, not a lambda,
so that its statement is compiled once."""


def execute(
    database: Database,
    statement: Any,
    values: Mapping[str, Any] | None = None,
    *,
    in_turn: str | None = None,
) -> Awaitable[int]:
    """Write, and return the number of rows that were written.

    Args:
        statement: an INSERT, UPDATE or DELETE. Build a statement that is used often once, with placeholders.
        values: the values of the placeholders by name.
        in_turn: see `Database.write`.
    """
    prepared = _prepared(statement, _dialect_of(database))
    return database.write(prepared.sql, prepared.parameters(values), in_turn=in_turn)


def execute_both(
    database: Database,
    first: Any,
    then: Then,
    values: Mapping[str, Any],
    *,
    in_turn: str | None = None,
) -> Awaitable[int]:
    """Write two statements in one commit, the second only if the first has written a row.

    On PostgreSQL both become one statement. On SQLite one statement cannot write two tables, so its driver
    executes both.

    Returns:
        0 if the first has written no row.
    """
    if isinstance(database, SqliteDatabase):
        one, other = _prepared_pair(first, then, _dialect_of(database))
        return database.write_both((one.sql, one.parameters(values)), (other.sql, other.parameters(values)))
    both = _prepared_joined(first, then, _dialect_of(database))
    return database.write(both.sql, both.parameters(values), in_turn=in_turn)


async def read(
    database: Database, query: Select[Any], values: Mapping[str, Any] | None = None
) -> Sequence[Sequence[Any]]:
    """Return all rows of a query that is used often. Build it once, with placeholders, as for `execute`."""
    prepared = _prepared_query(query, _dialect_of(database))
    rows = await database.read(prepared.sql, prepared.parameters(values))
    return [prepared.row(row) for row in rows]


async def fetch(database: Database, query: Any) -> Sequence[Row[Any]]:
    """Return all rows of a query."""
    with database_failures():
        async with database.connect() as connection:
            return (await connection.execute(query)).all()


def placeholder(name: str, type_: Any = None) -> Any:
    """Return a placeholder for a value. It needs a type only where the database cannot infer one."""
    return bindparam(name, required=False, type_=type_)


def insert_into(table: Table, dialect: Dialect) -> Any:
    """Return an INSERT that supports ON CONFLICT: both databases have it, but standard SQL does not."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MiB and 20 ms that SQLite can save

    return postgresql.insert(table)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement in the driver's form. `places` are the names in the order of its placeholders.

    `results` convert the driver's values to the columns' types.
    """

    sql: str
    places: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    constants: Mapping[str, Any]
    results: tuple[Callable[[Any], Any] | None, ...] = ()

    def parameters(self, values: Mapping[str, Any] | None) -> list[Any]:
        """Return the values in the order of the placeholders; None is NULL in a column of any type."""
        given = {**self.constants, **(values or {})}
        return [
            given[name] if convert is None or given[name] is None else convert(given[name])
            for name, convert in self.places
        ]

    def row(self, driver_row: Sequence[Any]) -> Sequence[Any]:
        """Return a row of the driver with the columns' types."""
        pairs = zip(self.results, driver_row, strict=True)
        return [_converted(convert, value) if convert else value for convert, value in pairs]


def _converted(convert: Callable[[Any], Any], value: Any) -> Any:
    """A value in its column's type; one that is of another type stays as it is: one row must not fail all."""
    try:
        return convert(value)
    except (TypeError, ValueError):
        return value


def _dialect_of(database: Database) -> Dialect:
    """Return a dialect that all databases with the same driver share, so that they share prepared SQL."""
    return _dialect(f"{database.dialect.name}+{database.dialect.driver}")


@cache
def _dialect(name: str) -> Dialect:
    return make_url(f"{name}://").get_dialect()()


@lru_cache(maxsize=256)
def _prepared_pair(first: Any, then: Then, dialect: Dialect) -> "tuple[_Prepared, _Prepared]":
    return _prepared(first, dialect), _prepared(then(true()), dialect)


@lru_cache(maxsize=256)
def _prepared_joined(first: Any, then: Then, dialect: Dialect) -> _Prepared:
    moved = first.returning(first.table.primary_key.columns[0]).cte("moved")
    return _prepared(then(exists(select(moved))), dialect)


@lru_cache(maxsize=256)
def _prepared(statement: Any, dialect: Dialect) -> _Prepared:
    key = statement.table.primary_key.columns[0]
    return _compiled(statement.returning(key), dialect)


@lru_cache(maxsize=256)
def _prepared_query(query: Select[Any], dialect: Dialect) -> _Prepared:
    types = [column.type.dialect_impl(dialect) for column in query.selected_columns]
    results = tuple(column_type.result_processor(dialect, None) for column_type in types)
    return replace(_compiled(query, dialect), results=results)


def _literal(element: Any, **_: object) -> Any:
    """Return a constant word of ours, such as a status, as part of the SQL; None leaves the element as it is.

    If a placeholder may decide whether a partial index serves, SQLite prepares the statement again for each
    use. The INSERT of a start took four times as long (measured).
    """
    if not isinstance(element, BindParameter):
        return None
    words = element.value if isinstance(element.value, list | tuple) else [element.value]
    is_ours = bool(words) and all(isinstance(word, Enum) for word in words)
    return element.render_literal_execute() if is_ours else None


def _compiled(statement: Any, dialect: Dialect) -> _Prepared:
    """Return the statement as SQLAlchemy would pass it to the driver.

    This uses attributes that SQLAlchemy does not document: `binds` of the compiled statement, and
    `statement`, `parameters`, `positiontup` and `parameter_expansion` of its expanded state. No other code
    does.
    """
    compiled = replacement_traverse(statement, {}, _literal).compile(dialect=dialect)
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
