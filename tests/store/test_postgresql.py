"""Writes on PostgreSQL go directly to the driver, and no connection is left in a bad state."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from bot.durable.accept import COMMIT_SECONDS
from bot.errors import DatabaseUnavailable
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.postgresql import CONNECTIONS
from bot.store.postgresql_driver import LOCK_SECONDS, PING_AFTER_SECONDS

ONE_ROW = "SELECT 1"
ADD = "INSERT INTO things (id) VALUES ($1) RETURNING id"


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


def cut_connections(server: Any, url: str) -> None:
    """Cut all connections to a database, and wait until they are gone."""
    name = url.partition("@/")[2].partition("?")[0]
    server.psql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


async def failure_of(database: Database, sql: str) -> DatabaseUnavailable:
    with pytest.raises(DatabaseUnavailable) as failing:
        await database.write(sql, [])
    return failing.value


async def test_more_writes_than_connections_wait_for_one(database: Database) -> None:
    writes = (database.write("SELECT $1::int", [number]) for number in range(10 * CONNECTIONS))
    assert await asyncio.gather(*writes) == [1] * 10 * CONNECTIONS


@pytest.fixture
async def another_process(database_url: str, database: Database) -> AsyncIterator[Database]:
    async with open_database(database_url) as another:
        yield another


async def make_things(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(text("CREATE TABLE things (id integer)"))


async def all_things(database: Database) -> list[int]:
    async with database.connect() as connection:
        return sorted((await connection.execute(text("SELECT id FROM things"))).scalars())


async def give_up(task: "asyncio.Task[int]", after: float) -> None:
    await asyncio.sleep(after)
    task.cancel()
    await asyncio.wait({task})


async def test_who_gives_up_while_writing_holds_up_nobody(database: Database) -> None:
    for _ in range(2 * CONNECTIONS):
        slow = asyncio.create_task(database.write("SELECT pg_sleep(60)", [], in_turn="room 1"))
        await give_up(slow, after=0.02)
    async with asyncio.timeout(5):
        assert await database.write(ONE_ROW, [], in_turn="room 1") == 1


@pytest.mark.parametrize("seconds_of_another", [0.0, 1.0], ids=["nobody before them", "behind another"])
async def test_who_gives_up_before_their_turn_leaves_no_transaction_behind(
    database: Database, another_process: Database, seconds_of_another: float
) -> None:
    await make_things(database)
    sleep = f"SELECT pg_sleep({seconds_of_another})"
    holder = asyncio.create_task(another_process.write(sleep, [], in_turn="room 1"))
    await asyncio.sleep(0.05)
    for moment in range(20):
        waiting = asyncio.create_task(database.write(ADD, [-1], in_turn="room 1"))
        await give_up(waiting, after=moment / 5_000)
        mine = range(moment * CONNECTIONS, (moment + 1) * CONNECTIONS)
        assert await asyncio.gather(*(database.write(ADD, [one]) for one in mine)) == [1] * CONNECTIONS
    written = [one for one in await all_things(another_process) if one >= 0]
    assert written == list(range(20 * CONNECTIONS))
    await holder


async def test_a_turn_is_not_waited_for_any_longer_than_an_ack_can_wait(
    database: Database, another_process: Database
) -> None:
    assert LOCK_SECONDS < COMMIT_SECONDS
    holder = asyncio.create_task(another_process.write("SELECT pg_sleep(60)", [], in_turn="room 1"))
    await asyncio.sleep(0.1)
    with pytest.raises(DatabaseUnavailable, match="due to lock timeout") as failing:
        await database.write(ONE_ROW, [], in_turn="room 1")
    assert failing.value.refused
    assert await database.write(ONE_ROW, [], in_turn="room 2") == 1
    await give_up(holder, after=0)


async def test_what_the_database_refuses_is_not_written_for_certain(database: Database) -> None:
    error = await failure_of(database, "SELECT 1 / 0")
    assert error.reason == reason(Code.DATABASE_FAILED, why="division by zero")
    assert error.refused


async def test_what_was_under_way_when_the_connection_was_lost_may_be_written(database: Database) -> None:
    error = await failure_of(database, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert not error.refused
    assert await database.write(ONE_ROW, []) == 1


async def test_connections_that_the_server_has_cut_are_made_anew(
    database: Database, database_url: str, postgresql: Any
) -> None:
    await asyncio.gather(*(database.write("SELECT pg_sleep(0.1)", []) for _ in range(3)))
    await asyncio.to_thread(cut_connections, postgresql, database_url)
    await asyncio.sleep(0.05)  # an idle bot notices this
    assert [row async for row in Invocations(database).find()] == []
    assert await asyncio.gather(*(database.write(ONE_ROW, []) for _ in range(3))) == [1] * 3


async def test_a_process_that_has_slept_asks_first_whether_its_connection_is_still_there(
    database: Database, database_url: str, postgresql: Any
) -> None:
    assert await database.write(ONE_ROW, []) == 1
    cut_connections(postgresql, database_url)
    time.sleep(PING_AFTER_SECONDS + 0.1)  # noqa: ASYNC251 - the whole process sleeps, so it has noticed nothing
    assert await database.write(ONE_ROW, []) == 1


async def test_a_server_that_cuts_connections_under_load_makes_no_other_error_than_that(
    database: Database, database_url: str, postgresql: Any
) -> None:
    async def write_all_the_time() -> None:
        while not cut.done():
            with contextlib.suppress(DatabaseUnavailable):
                await database.write(ONE_ROW, [])
            with contextlib.suppress(DatabaseUnavailable):
                await database.write(ONE_ROW, [], in_turn="room 1")

    cut = asyncio.ensure_future(asyncio.to_thread(cut_connections, postgresql, database_url))
    await asyncio.gather(*(write_all_the_time() for _ in range(2 * CONNECTIONS)))
    await asyncio.sleep(0.05)
    assert (
        await asyncio.gather(*(database.write(ONE_ROW, []) for _ in range(CONNECTIONS))) == [1] * CONNECTIONS
    )
