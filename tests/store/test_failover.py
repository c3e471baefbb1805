"""A failover: the address leads to a new server, while the old one still answers reads."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from bot.domain.invocation import Invocation, Status
from bot.errors import DatabaseUnavailable, StartupError, Unreachable
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.errors import is_server_unusable
from bot.store.invocations import Invocations
from bot.store.postgresql import CONNECTIONS
from tests.steps import step_to

New = Callable[..., Invocation]


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


async def all_at_once(database: Database, sql: str) -> None:
    """Execute a statement on each connection of the pool."""
    connections = [await database.connect() for _ in range(CONNECTIONS)]
    for connection in connections:
        await connection.execute(text(sql))
    for connection in connections:
        await connection.close()


async def take_reads_only(database: Database) -> None:
    """Make the connected server read-only. New connections lead to its successor."""
    await all_at_once(database, "SET default_transaction_read_only = on")


async def test_the_first_command_after_a_failover_is_written_as_any_other(
    database: Database, log: Invocations, an_invocation: New
) -> None:
    await take_reads_only(database)
    row = an_invocation()
    assert await log.record(row)
    assert await log.advance(row, step_to(Status.STARTING))


async def test_a_crowd_of_commands_after_a_failover_is_written(
    database: Database, log: Invocations, an_invocation: New
) -> None:
    await take_reads_only(database)
    rows = [an_invocation(room_id=f"room-{number}") for number in range(5 * CONNECTIONS)]
    assert await asyncio.gather(*(log.record(row, unless_duplicate=True) for row in rows)) == [True] * len(
        rows
    )


async def test_all_connections_to_the_old_server_are_left_with_the_first_that_says_so(
    database: Database, log: Invocations
) -> None:
    await take_reads_only(database)
    await log.check_writable()
    connections = [await database.connect() for _ in range(CONNECTIONS)]
    said = [await one.scalar(text("SHOW default_transaction_read_only")) for one in connections]
    for one in connections:
        await one.close()
    assert said == ["off"] * CONNECTIONS


async def test_a_server_that_goes_on_taking_reads_only_is_told_of_each_time(
    database: Database, database_url: str, log: Invocations, postgresql: Any, an_invocation: New
) -> None:
    name = database_url.partition("@/")[2].partition("?")[0]
    postgresql.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await take_reads_only(database)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable, match="read-only transaction") as refused:
            await log.record(an_invocation())
        assert refused.value.refused
    postgresql.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    assert await log.record(an_invocation())


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (asyncpg.ReadOnlySQLTransactionError, True),
        (asyncpg.AdminShutdownError, True),
        (asyncpg.CrashShutdownError, True),
        (asyncpg.CannotConnectNowError, True),
        (asyncpg.ConnectionDoesNotExistError, True),
        (asyncpg.UniqueViolationError, False),
        (asyncpg.QueryCanceledError, False),
        (asyncpg.LockNotAvailableError, False),
    ],
)
def test_what_a_server_says_tells_whether_it_is_of_use(error: Any, is_lost: bool) -> None:  # noqa: FBT001
    assert is_server_unusable(error("said")) is is_lost


async def test_of_several_hosts_the_one_that_is_there_is_taken(
    postgresql_url: str, an_invocation: New
) -> None:
    url = postgresql_url.replace("?host=", "?host=/nowhere&host=")
    async with open_database(url) as database:
        assert await Invocations(database).record(an_invocation())


class TestOpening:
    """Errors at opening: only a server that cannot be reached yet is worth waiting for."""

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql+asyncpg://bot@127.0.0.1:1/avatar",
            "postgresql+asyncpg://bot@no-such-host.invalid/avatar",
            "postgresql+asyncpg://bot@/avatar?host=/nowhere",
        ],
    )
    async def test_a_server_that_is_not_there_yet(self, url: str) -> None:
        with pytest.raises(Unreachable, match="The database cannot be opened"):
            async with open_database(url):
                pass

    async def test_a_server_that_does_not_answer(self) -> None:
        hung_up = asyncio.Event()

        async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()
            hung_up.set()

        async with await asyncio.start_server(listen_only, "127.0.0.1", 0) as silent:
            port = silent.sockets[0].getsockname()[1]
            with pytest.raises(Unreachable, match="no answer came in time"):
                async with open_database(
                    f"postgresql+asyncpg://bot@127.0.0.1:{port}/avatar?connect_timeout=0.2"
                ):
                    pass
            await hung_up.wait()

    async def test_a_server_with_no_connection_left(self, postgresql: Any, postgresql_url: str) -> None:
        name = postgresql_url.partition("@/")[2].partition("?")[0]
        postgresql.psql("DO $$ BEGIN CREATE ROLE late LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        postgresql.psql(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        with pytest.raises(Unreachable, match="too many connections"):
            async with open_database(postgresql_url.replace("postgres:@", "late:@")):
                pass

    async def test_a_database_that_is_not_there(self, postgresql_url: str) -> None:
        with pytest.raises(StartupError, match="does not exist") as refused:
            async with open_database(postgresql_url.replace("/test_", "/other_")):
                pass
        assert not isinstance(refused.value, Unreachable)
