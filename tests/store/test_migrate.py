import asyncio
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StartupError
from bot.store.database import open_database
from bot.store.invocations import Invocations
from bot.store.migrate import migrate
from bot.store.tables import metadata

PROCESS = """
import asyncio, sys
from bot.store.database import open_database
from bot.store.migrate import migrate

async def start():
    async with open_database(sys.argv[1]) as engine:
        print("ready", flush=True)
        sys.stdin.readline()
        await migrate(engine)

asyncio.run(start())
print("migrated")
"""


def differences(connection: Connection) -> object:
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_the_migrated_schema_is_the_one_of_the_tables(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_twice_is_harmless(database: AsyncEngine) -> None:
    await migrate(database)
    await Invocations(database).check_writable()
    async with database.connect() as connection:
        versions = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars()
        assert len(list(versions)) == 1
        assert await connection.run_sync(differences) == []


async def test_four_engines_may_migrate_at_once(database_url: str) -> None:
    async def start() -> None:
        async with open_database(database_url) as engine:
            await migrate(engine)
            await Invocations(engine).check_writable()

    await asyncio.gather(*(start() for _ in range(4)))


async def test_four_processes_may_migrate_at_once(database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROCESS,
            database_url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    async with asyncio.timeout(30):
        for process in processes:
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
        printed = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [output for output, _ in printed] == [b"migrated\n"] * 4
    async with open_database(database_url) as engine, engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_schema_of_somebody_elses_is_left_alone(database_url: str) -> None:
    async with open_database(database_url) as engine:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE invocations (id INTEGER)"))
        with pytest.raises(StartupError, match="The database cannot be migrated"):
            await migrate(engine)
        async with engine.connect() as connection:
            await connection.execute(text("INSERT INTO invocations VALUES (1)"))
            assert (await connection.execute(text("SELECT id FROM invocations"))).scalars().all() == [1]


async def test_a_migration_that_fails_leaves_nothing_half_done(database_url: str) -> None:
    async with open_database(database_url) as engine:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE invocations (id INTEGER)"))
        with pytest.raises(StartupError):
            await migrate(engine)
        async with engine.connect() as connection:
            await connection.execute(text("DROP TABLE invocations"))
        await migrate(engine)
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
