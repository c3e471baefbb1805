"""Simultaneous writes on SQLite share one commit, and each has its own outcome."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from bot.errors import DatabaseUnavailable
from bot.store.connect import open_database
from bot.store.sqlite_driver import SqliteDatabase
from tests.locked import locked

ADD = "INSERT INTO things (id) VALUES (?) RETURNING id"


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[SqliteDatabase]:
    async with open_database(sqlite_url) as engine:
        assert isinstance(engine, SqliteDatabase)
        async with engine.connect() as connection:
            await connection.exec_driver_sql("CREATE TABLE things (id INTEGER PRIMARY KEY CHECK (id < 1000))")
        yield engine


async def all_things(engine: SqliteDatabase) -> list[int]:
    async with engine.connect() as connection:
        return [row.id for row in await connection.exec_driver_sql("SELECT id FROM things ORDER BY id")]


async def outcomes(*writes: "asyncio.Future[int] | asyncio.Task[int]") -> list[int | str]:
    """Return the outcome of each write: the number of rows, or the reason why the database did not do it."""
    done = await asyncio.gather(*writes, return_exceptions=True)
    return [one if isinstance(one, int) else why(one) for one in done]


def why(error: BaseException) -> str:
    assert isinstance(error, DatabaseUnavailable)
    return str(error.reason.args["why"])


def adding(engine: SqliteDatabase, *ids: int) -> list["asyncio.Task[int]"]:
    return [asyncio.create_task(engine.write(ADD, [one])) for one in ids]


async def test_each_knows_how_many_rows_it_concerned(engine: SqliteDatabase) -> None:
    assert await outcomes(*adding(engine, *range(100))) == [1] * 100
    assert await engine.write("UPDATE things SET id = id + 200 WHERE id > ? RETURNING id", [89]) == 10
    assert await engine.write("DELETE FROM things WHERE id = ? RETURNING id", [999]) == 0
    assert len(await all_things(engine)) == 100


async def test_what_fails_leaves_the_others_alone(engine: SqliteDatabase) -> None:
    first, second, third, fourth = await outcomes(*adding(engine, 1, 1, 2000, 2))
    assert (first, fourth) == (1, 1)
    assert "UNIQUE constraint failed" in str(second)
    assert "CHECK constraint failed" in str(third)
    assert await all_things(engine) == [1, 2]


async def test_each_sees_what_came_before_it(engine: SqliteDatabase) -> None:
    unless_there = "INSERT INTO things SELECT ? WHERE NOT EXISTS (SELECT 1 FROM things) RETURNING id"
    writes = [asyncio.create_task(engine.write(unless_there, [one])) for one in range(20)]
    assert sum(await asyncio.gather(*writes)) == 1
    assert await all_things(engine) == [0]


async def test_it_is_on_the_disk_when_it_is_said_to_be_written(
    engine: SqliteDatabase, tmp_path: Path
) -> None:
    for round_of in range(5):
        await outcomes(*adding(engine, *range(round_of * 10, round_of * 10 + 10)))
        with closing(sqlite3.connect(tmp_path / "log.db")) as another:
            [(there,)] = another.execute("SELECT count(*) FROM things")
        assert there == (round_of + 1) * 10


async def test_whoever_stops_waiting_stops_no_write(engine: SqliteDatabase) -> None:
    writes = adding(engine, 1, 2, 3)
    await asyncio.sleep(0)
    writes[0].cancel()
    writes[1].cancel()
    assert await writes[2] == 1
    assert await all_things(engine) == [1, 2, 3]


async def test_a_lock_of_another_process_is_waited_for_once_for_all_and_then_said(
    engine: SqliteDatabase, tmp_path: Path
) -> None:
    with locked(tmp_path / "log.db"):
        began = asyncio.get_running_loop().time()
        said = await outcomes(*adding(engine, *range(10)))
        waited = asyncio.get_running_loop().time() - began
    assert said == ["database is locked"] * 10
    assert waited < 10
    assert await outcomes(*adding(engine, 1, 2)) == [1, 1]


async def test_a_transaction_that_sqlite_gives_up_is_none_of_anybodys(engine: SqliteDatabase) -> None:
    give_up = "INSERT OR ROLLBACK INTO things (id) VALUES (?) RETURNING id"
    first = asyncio.create_task(engine.write(ADD, [0]))  # is executed alone
    await asyncio.sleep(0)
    together = [*adding(engine, 1), asyncio.create_task(engine.write(give_up, [0])), *adding(engine, 2)]
    assert await first == 1
    assert await outcomes(*together) == ["UNIQUE constraint failed: things.id"] * 3
    assert await all_things(engine) == [0]
    assert await outcomes(*adding(engine, 1, 2)) == [1, 1]


async def test_what_is_under_way_is_finished_before_the_file_is_closed(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_database(sqlite_url) as engine:
        assert isinstance(engine, SqliteDatabase)
        async with engine.connect() as connection:
            await connection.exec_driver_sql("CREATE TABLE things (id INTEGER PRIMARY KEY)")
        writes = adding(engine, 1, 2, 3)
        await asyncio.sleep(0)
    assert await outcomes(*writes) == [1, 1, 1]
    with closing(sqlite3.connect(tmp_path / "log.db")) as another:
        assert list(another.execute("SELECT count(*) FROM things")) == [(3,)]


async def test_closing_waits_for_a_connection_that_is_still_in_use(engine: SqliteDatabase) -> None:
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, aiosqlite.Connection)
        closing_it = asyncio.create_task(engine.dispose())
        await asyncio.sleep(0)
    await closing_it

    with pytest.raises(ValueError, match="no active connection"):
        _ = driver.in_transaction
