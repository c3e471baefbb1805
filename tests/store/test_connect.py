import asyncio
import contextlib
import stat
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.invocation import Invocation, Status
from bot.errors import DatabaseUnavailable, StartupError
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.migrate import migrate
from tests.locked import locked
from tests.steps import note_told

New = Callable[..., Invocation]

PASSWORD = "s3cret-passw0rd"


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def refusal_to_open(url: str, **options: Any) -> StartupError:
    with pytest.raises(StartupError) as refusing:
        async with open_database(url, **options):
            pass
    return refusing.value


async def exit_of(script: str, *arguments: str) -> tuple[int | None, str]:
    """Run `script` in another Python, and return its exit status and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(15):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, printed.decode()


class TestSqliteFiles:
    async def test_a_new_file_is_its_owners_alone(self, missing_sqlite_url: str, tmp_path: Path) -> None:
        async with open_database(missing_sqlite_url) as engine:
            await migrate(engine)
            modes = modes_in(tmp_path)
        assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600}

    async def test_a_cleared_response_url_is_nowhere_in_the_file(
        self, missing_sqlite_url: str, tmp_path: Path, an_invocation: New
    ) -> None:
        announced = an_invocation(response_url="https://hooks.slack.com/commands/T1/1/first-secret")
        forgotten = an_invocation(response_url="https://hooks.slack.com/commands/T1/2/other-secret")
        async with open_database(missing_sqlite_url) as engine:
            await migrate(engine)
            log = Invocations(engine)
            await log.record(announced)
            await log.record(forgotten)
            assert b"first-secret" in bytes_in(tmp_path)
            assert b"other-secret" in bytes_in(tmp_path)
            await note_told(log, announced, announced.created_at, channel="C1", ts="1.2")
            await log.forget_response_urls(before=an_invocation().created_at)
        assert b"invocation-001" in bytes_in(tmp_path)
        assert b"secret" not in bytes_in(tmp_path)
        assert list(modes_in(tmp_path)) == ["log.db"]

    async def test_a_locked_file_is_waited_for_so_long_and_no_longer(
        self, missing_sqlite_url: str, tmp_path: Path, an_invocation: New
    ) -> None:
        async with open_database(missing_sqlite_url) as engine:
            await migrate(engine)
            log = Invocations(engine)
            began = time.perf_counter()
            with (
                locked(tmp_path / "log.db"),
                pytest.raises(DatabaseUnavailable, match="database_failed why='database is locked'"),
            ):
                await log.record(an_invocation())
            assert 1.5 < time.perf_counter() - began < 2.9
            assert await log.record(an_invocation())
            assert len([row async for row in log.find()]) == 1

    async def test_the_log_can_be_read_while_another_process_writes(
        self, missing_sqlite_url: str, tmp_path: Path, an_invocation: New
    ) -> None:
        async with open_database(missing_sqlite_url) as engine:
            await migrate(engine)
            log = Invocations(engine)
            await log.record(an_invocation())
            with locked(tmp_path / "log.db"):
                assert len([row async for row in log.find()]) == 1

    async def test_a_file_that_must_exist_is_not_made(self, missing_sqlite_url: str, tmp_path: Path) -> None:
        error = await refusal_to_open(missing_sqlite_url, read_only=True)
        assert f"There is no database yet at {tmp_path}/log.db." in str(error)
        assert modes_in(tmp_path) == {}


class TestWhatCannotBeOpened:
    async def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        error = await refusal_to_open(f"sqlite+aiosqlite:///{tmp_path}/missing/log.db")
        assert str(error) == (
            f"The database file {tmp_path}/missing/log.db cannot be opened: No such file or directory."
        )
        assert error.advice == "Check AVATAR_DATABASE_URL."

    async def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        assert "Is a directory" in str(await refusal_to_open(f"sqlite+aiosqlite:///{tmp_path}"))

    async def test_a_file_of_another_kind_is_left_as_it_is(
        self, missing_sqlite_url: str, tmp_path: Path
    ) -> None:
        letter = "Dear Sir or Madam, " * 100
        (tmp_path / "log.db").write_text(letter)
        assert "file is not a database" in str(await refusal_to_open(missing_sqlite_url))
        assert (tmp_path / "log.db").read_text() == letter

    @pytest.mark.parametrize(
        "url",
        [
            f"postgresql+asyncpg://bot:{PASSWORD}@127.0.0.1:1/avatar",
            f"postgresql+asyncpg://bot:{PASSWORD}@127.0.0.1:1/avatar?sslmode=require",
            f"postgresql+asyncpg://bot:{PASSWORD}@127.0.0.1:1/avatar?ssl=perhaps",
            f"postgresql+asyncpg://bot:{PASSWORD}@a..b/avatar",
            f"postgresql+asyncpg://bot:{PASSWORD}@127.0.0.1:port/avatar",
            f"postgresql+asyncpg://bot:{PASSWORD}@{PASSWORD}@127.0.0.1:1/avatar",
            f"postgresql+asyncpg://bot:{PASSWORD}@/avatar?host=/nowhere",
            f"sybase://bot:{PASSWORD}@127.0.0.1/avatar",
            f"bot:{PASSWORD}",
        ],
    )
    async def test_neither_an_unreachable_server_nor_a_wrong_url_gives_the_password_away(
        self, url: str
    ) -> None:
        error = await refusal_to_open(url)
        assert "AVATAR_DATABASE_URL" in f"{error} {error.advice}"
        assert PASSWORD not in f"{error!r} {error.advice} {error.__cause__!r}"

    async def test_a_wrong_password_is_not_repeated(self, postgresql: Any, postgresql_url: str) -> None:
        postgresql.psql("CREATE ROLE guarded LOGIN PASSWORD 'the right one'")
        rules = Path(postgresql.pgdata) / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
        postgresql.psql("SELECT pg_reload_conf()")
        url = postgresql_url.replace("postgres:@", f"guarded:{PASSWORD}@")
        async with asyncio.timeout(10):  # until the server has read its access rules
            while True:
                with contextlib.suppress(pytest.fail.Exception):
                    error = await refusal_to_open(url)
                    break
        assert str(error) == (
            'The database cannot be opened: password authentication failed for user "guarded".'
        )
        assert PASSWORD not in repr(error)


class TestWhatCannotBeWritten:
    async def test_without_its_table_the_log_is_unavailable(
        self, database: Database, log: Invocations, an_invocation: New
    ) -> None:
        async with database.connect() as connection:
            await connection.execute(text("DROP TABLE invocations"))
        with pytest.raises(DatabaseUnavailable, match="database_failed why="):
            await log.record(an_invocation())
        with pytest.raises(DatabaseUnavailable):
            await log.check_writable()
        with pytest.raises(DatabaseUnavailable):
            _ = [row async for row in log.find()]

    async def test_a_database_that_may_only_be_read_is_not_writable(
        self, postgresql: Any, postgresql_url: str, an_invocation: New
    ) -> None:
        async with open_database(postgresql_url) as engine:
            await migrate(engine)
            await Invocations(engine).check_writable()
        name = postgresql_url.partition("@/")[2].partition("?")[0]
        postgresql.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        async with open_database(postgresql_url) as engine:
            log = Invocations(engine)
            with pytest.raises(DatabaseUnavailable, match="cannot execute INSERT in a read-only transaction"):
                await log.check_writable()
            with pytest.raises(DatabaseUnavailable):
                await log.record(an_invocation())
            assert [row async for row in log.find()] == []

    async def test_what_cannot_be_written_is_not_repeated_in_the_error(
        self, database: Database, log: Invocations, an_invocation: New
    ) -> None:
        async with database.connect() as connection:
            await connection.execute(text("DROP TABLE invocations"))
        secret = "https://hooks.slack.com/commands/T1/1/secret"
        with pytest.raises(DatabaseUnavailable) as failing:
            await log.record(an_invocation(response_url=secret))
        assert secret not in "".join(traceback.format_exception(failing.value))


class TestClosing:
    FAILING = """
import asyncio, sys
from bot.errors import StartupError
from bot.store.connect import open_database
from bot.store.migrate import migrate

async def start():
    try:
        async with open_database(sys.argv[1]) as engine:
            await migrate(engine)
            raise StartupError("The port is taken.")
    except StartupError as error:
        print(error)
        sys.exit(1)

asyncio.run(start())
"""

    async def test_a_process_that_fails_later_still_ends(self, new_database_url: str) -> None:
        assert await exit_of(self.FAILING, new_database_url) == (1, "The port is taken.\n")

    async def test_a_process_that_cannot_read_its_file_ends(
        self, missing_sqlite_url: str, tmp_path: Path
    ) -> None:
        (tmp_path / "log.db").write_text("no database " * 100)
        status, printed = await exit_of(self.FAILING, missing_sqlite_url)
        assert (status, printed) == (1, "The database cannot be opened: file is not a database.\n")

    async def test_a_process_that_cannot_migrate_ends(self, new_database_url: str) -> None:
        async with open_database(new_database_url) as engine, engine.connect() as connection:
            await connection.execute(text("CREATE TABLE invocations (id INTEGER)"))
        status, printed = await exit_of(self.FAILING, new_database_url)
        assert status == 1
        assert printed.startswith("The database cannot be migrated: it has a table invocations already")

    async def test_what_was_recorded_is_there_when_the_log_is_opened_again(
        self, new_database_url: str, an_invocation: New
    ) -> None:
        async with open_database(new_database_url) as engine:
            await migrate(engine)
            log = Invocations(engine)
            recorded = an_invocation()
            await log.record(recorded)
        async with open_database(new_database_url, read_only=True) as engine:
            [row] = [row async for row in Invocations(engine).find(status=Status.RECEIVED)]
        assert row == recorded
