"""The undocumented parts of libraries that the drivers use: these tests fail when a library changes them."""

import sqlite3
from threading import get_ident

import aiosqlite
import pytest
from sqlalchemy import Dialect, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.sqlite_driver import run_in_thread
from bot.store.tables import leases

STATEMENT = update(leases).where(leases.c.name.in_(["a", "b"])).values(holder="me")

EXPANDED = ["statement", "parameters", "positiontup", "parameter_expansion"]


def threads_of(connection: sqlite3.Connection) -> list[int]:
    """Return the thread of each of two statements."""
    return [connection.execute("SELECT ?", [get_ident()]).fetchone()[0] for _ in range(2)]


@pytest.mark.parametrize("name", ["_conn", "_execute"])
def test_aiosqlite_has_what_writing_uses(name: str) -> None:
    assert hasattr(aiosqlite.Connection, name), (
        f"aiosqlite changed: its Connection has no {name} any more; see bot/store/sqlite_driver.py"
    )


async def test_aiosqlite_does_several_statements_in_one_turn_of_its_thread() -> None:
    async with aiosqlite.connect(":memory:") as driver:
        first, second = await run_in_thread(driver, threads_of)
    assert first == second != get_ident(), "aiosqlite changed: _execute does not run in the thread of _conn"


async def test_aiosqlite_says_of_a_closed_connection_that_it_is() -> None:
    async with aiosqlite.connect(":memory:") as driver:
        pass
    with pytest.raises(ValueError, match="Connection closed"):
        await run_in_thread(driver, threads_of)


@pytest.mark.parametrize("dialect", [sqlite.dialect(paramstyle="qmark"), postgresql.asyncpg.dialect()])  # type: ignore[no-untyped-call]
def test_sqlalchemy_has_what_preparing_uses(dialect: Dialect) -> None:
    compiled = STATEMENT.compile(dialect=dialect)
    state = compiled.construct_expanded_state()
    used = [(compiled, "binds"), *((state, name) for name in EXPANDED)]
    gone = [name for owner, name in used if getattr(owner, name, None) is None]
    assert not gone, f"SQLAlchemy changed: {gone} is missing; see _compiled in bot/store/statements.py"
