"""Writes on PostgreSQL go to the driver directly, and no connection is worse for it."""

import asyncio
import contextlib
import time
from typing import Any

import pytest

from bot.errors import LogUnavailable
from bot.store.database import log_failures
from bot.store.engine import Database
from bot.store.postgresql import CONNECTIONS, PING_AFTER_SECONDS

ONE_ROW = "SELECT 1"


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


def cut_connections(server: Any, url: str) -> None:
    """They are gone when this returns."""
    name = url.partition("@/")[2].partition("?")[0]
    server.psql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


async def failure_of(database: Database, sql: str) -> LogUnavailable:
    with pytest.raises(LogUnavailable) as failing, log_failures():
        await database.write(sql, [])
    return failing.value


async def test_more_writes_than_connections_wait_for_one(database: Database) -> None:
    writes = (database.write("SELECT $1::int", [number]) for number in range(10 * CONNECTIONS))
    assert await asyncio.gather(*writes) == [1] * 10 * CONNECTIONS


async def test_who_gives_up_in_the_midst_of_a_turn_holds_up_nobody(database: Database) -> None:
    for _ in range(2 * CONNECTIONS):
        slow = asyncio.create_task(database.write("SELECT pg_sleep(60)", [], in_turn="room 1"))
        await asyncio.sleep(0.02)
        slow.cancel()
        await asyncio.wait({slow})
    async with asyncio.timeout(5):
        assert await database.write(ONE_ROW, [], in_turn="room 1") == 1
        assert await database.write(ONE_ROW, []) == 1


async def test_what_the_database_refuses_is_not_written_for_certain(database: Database) -> None:
    error = await failure_of(database, "SELECT 1 / 0")
    assert str(error) == "The log cannot be used: division by zero."
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
    await asyncio.sleep(0.05)  # which a bot that has nothing to do notices
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
            with contextlib.suppress(LogUnavailable), log_failures():
                await database.write(ONE_ROW, [])
            with contextlib.suppress(LogUnavailable), log_failures():
                await database.write(ONE_ROW, [], in_turn="room 1")

    cut = asyncio.ensure_future(asyncio.to_thread(cut_connections, postgresql, database_url))
    await asyncio.gather(*(write_all_the_time() for _ in range(2 * CONNECTIONS)))
    await asyncio.sleep(0.05)
    assert (
        await asyncio.gather(*(database.write(ONE_ROW, []) for _ in range(CONNECTIONS))) == [1] * CONNECTIONS
    )
