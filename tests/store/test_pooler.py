"""Everything also works behind a pooler that uses another connection for each transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from sqlalchemy import text

from bot.domain.invocation import Invocation, Status
from bot.errors import DatabaseUnavailable, StartupError, Unreachable
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import Leases
from bot.store.migrate import migrate
from tests.steps import step_to
from tests.store.conftest import NOON
from tests.store.pooler import Pooler

New = Callable[..., Invocation]
CROWD = 40


def pooler_before(url: str, *, by_statement: bool = False) -> Pooler:
    parts = urlsplit(url)
    socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
    return Pooler(socket, parts.path.removeprefix("/"), by_statement=by_statement)


@pytest.fixture
async def pooler(postgresql_url: str) -> AsyncIterator[Pooler]:
    async with pooler_before(postgresql_url).running() as pooler:
        yield pooler


@pytest.fixture(params=["", "?pgbouncer=true"], ids=["found out", "said"])
async def database_url(request: pytest.FixtureRequest, pooler: Pooler) -> str:
    return f"{pooler.url}{request.param}"


async def test_the_stand_in_is_as_hard_on_named_statements_as_a_real_one(pooler: Pooler) -> None:
    plain = await asyncpg.connect(pooler.url.replace("+asyncpg", ""))
    ask = partial(plain.fetch, "SELECT $1::int", 1)
    await ask()
    with pytest.raises(asyncpg.PostgresError, match="prepared statement"):
        await ask()
    plain.terminate()


async def test_a_crowd_of_starts_is_written_moved_on_and_read(
    database: Database, log: Invocations, an_invocation: New
) -> None:
    rows = [an_invocation(room_id=f"room-{number}") for number in range(CROWD)]

    async def one(row: Invocation) -> Invocation | None:
        assert await log.record(row, unless_duplicate=True)
        starting = await log.advance(row, step_to(Status.STARTING))
        assert starting is not None
        await log.check_writable()
        return await log.get(row.id)

    moved = await asyncio.gather(*(one(row) for row in rows))
    assert [row and row.status for row in moved] == [Status.STARTING] * CROWD
    assert len([row async for row in log.find()]) == CROWD


async def test_what_takes_turns_takes_them_there_too(
    database: Database, log: Invocations, an_invocation: New
) -> None:
    starts = [an_invocation(room_id="lobby", created_at=NOON) for _ in range(CROWD)]
    assert sum(await asyncio.gather(*(log.record(start, unless_duplicate=True) for start in starts))) == 1


async def test_a_turn_that_is_not_had_in_time_holds_up_nobody_else(database: Database) -> None:
    holder = asyncio.create_task(database.write("SELECT pg_sleep(60)", [], in_turn="room 1"))
    await asyncio.sleep(0.1)
    with pytest.raises(DatabaseUnavailable, match="due to lock timeout"):
        await database.write("SELECT 1", [], in_turn="room 1")
    holder.cancel()
    await asyncio.wait({holder})
    async with database.connect() as connection:
        limits = [await connection.scalar(text("SHOW lock_timeout")) for _ in range(8)]
    assert limits == ["0"] * 8


async def test_a_lease_is_one_processs(database: Database, database_url: str) -> None:
    async with open_database(database_url) as other:
        until = NOON + timedelta(seconds=15)
        held = [
            await Leases(each).claim("watcher", str(each), now=NOON, until=until)
            for each in (database, other)
        ]
    assert held == [True, False]


async def test_processes_may_migrate_at_once(empty_postgresql_url: str) -> None:
    async def start(pooler: Pooler) -> None:
        async with open_database(pooler.url) as database:
            await migrate(database)
            await Invocations(database).check_writable()

    async with pooler_before(empty_postgresql_url).running() as pooler:
        await asyncio.gather(*(start(pooler) for _ in range(3)))


async def test_who_only_reads_can_write_nothing(
    database: Database, database_url: str, log: Invocations, an_invocation: New
) -> None:
    await log.record(an_invocation())
    async with open_database(database_url, read_only=True) as reading:
        assert len([row async for row in Invocations(reading).find()]) == 1
        with pytest.raises(DatabaseUnavailable):
            await Invocations(reading).record(an_invocation())
        with pytest.raises(DatabaseUnavailable):
            await Invocations(reading).check_writable()


async def test_a_pooler_that_takes_no_transactions_is_refused_in_words(postgresql_url: str) -> None:
    async with pooler_before(postgresql_url, by_statement=True).running() as pooler:
        with pytest.raises(StartupError, match="transaction blocks not allowed") as refused:
            async with open_database(pooler.url):
                pass
    assert refused.value.advice == "Set the pooler's pool_mode for this database to transaction or session."
    assert not isinstance(refused.value, Unreachable)


async def test_what_the_url_says_of_tls_is_heeded(pooler: Pooler) -> None:
    for mode in ("disable", "prefer"):
        async with open_database(f"{pooler.url}?sslmode={mode}&application_name=bot&connect_timeout=3"):
            pass
    with pytest.raises(StartupError, match="rejected SSL upgrade") as refused:
        async with open_database(f"{pooler.url}?sslmode=require"):
            pass
    assert not isinstance(refused.value, Unreachable)


async def test_without_a_pooler_statements_are_prepared_once(postgresql_url: str) -> None:
    async with open_database(postgresql_url) as database:
        for _ in range(2):
            await database.write("SELECT 1", [])
        async with database.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            [(named,)] = await driver.fetch(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1'"
            )
    assert named == 1
