"""Reading the database without the right to write its files, with and without a running bot."""

import asyncio
import json
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.domain.invocation import Invocation
from bot.errors import DatabaseUnavailable, StartupError
from bot.store.connect import open_database
from bot.store.invocations import Invocations
from bot.store.migrate import migrate

New = Callable[..., Invocation]

NOBODY = 65534
READER = """
import os, sys
import aiosqlite, sqlalchemy.dialects.sqlite.aiosqlite  # where root's own folders may still be read
from bot.cli.main import main
if os.geteuid() == 0:
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
os.environ["AVATAR_DATABASE_URL"] = sys.argv[1]
sys.argv[1:] = ["log", "--json"]
main()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that every user may read; only its owner may read pytest's own."""
    with TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
def database_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/log.db"


@asynccontextmanager
async def a_bot_at_work(url: str, *rows: Invocation) -> AsyncIterator[None]:
    async with open_database(url) as database:
        await migrate(database)
        await Invocations(database).clear_traces()
        for row in rows:
            await Invocations(database).record(row)
        yield


def let_others_read_only(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o644)
    folder.chmod(0o555)


def let_nobody_read(folder: Path) -> None:
    """Remove all rights to read, even the owner's: the tests' user may be the owner."""
    for file in folder.iterdir():
        file.chmod(0)
    folder.chmod(0o555)


def let_others_do_anything_in(folder: Path) -> None:
    folder.chmod(0o777)


async def shown(url: str) -> tuple[int | None, list[str], str]:
    """Run `avatar-bot log` as another user. Return its exit status, its rows and its error output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        READER,
        url,
        str(NOBODY),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        printed, said = await process.communicate()
    rows = json.loads(printed) if printed else []
    return process.returncode, [row["id"] for row in rows], said.decode()


async def test_the_log_of_a_bot_at_work_is_shown_up_to_its_last_row(
    folder: Path, database_url: str, an_invocation: New
) -> None:
    async with a_bot_at_work(database_url, an_invocation(), an_invocation()):
        let_others_read_only(folder)
        assert await shown(database_url) == (0, ["invocation-002", "invocation-001"], "")
        assert files(folder) == ["log.db", "log.db-shm", "log.db-wal"]


async def test_the_log_of_a_bot_that_has_ended_is_shown_and_no_file_is_made(
    folder: Path, database_url: str, an_invocation: New
) -> None:
    async with a_bot_at_work(database_url, an_invocation()):
        pass
    let_others_read_only(folder)
    assert await shown(database_url) == (0, ["invocation-001"], "")
    let_others_do_anything_in(folder)
    assert await shown(database_url) == (0, ["invocation-001"], "")
    assert files(folder) == ["log.db"]


@pytest.mark.parametrize("left", [("log.db", "log.db-wal", "log.db-shm"), ("log.db", "log.db-wal")])
async def test_the_log_of_a_bot_that_was_killed_or_copied_is_shown_whole(
    folder: Path, database_url: str, an_invocation: New, left: tuple[str, ...], tmp_path: Path
) -> None:
    async with a_bot_at_work(database_url, an_invocation()):
        for name in left:
            shutil.copy(folder / name, tmp_path / name)
    for name in left:
        shutil.copy(tmp_path / name, folder / name)
    let_others_read_only(folder)
    assert await shown(database_url) == (0, ["invocation-001"], "")
    assert files(folder) == sorted(left)


async def test_who_may_not_read_is_told_so(folder: Path, database_url: str, an_invocation: New) -> None:
    async with a_bot_at_work(database_url, an_invocation()):
        let_nobody_read(folder)
        status, rows, said = await shown(database_url)
    assert (status, rows) == (1, [])
    assert f"The database file {folder}/log.db cannot be read: Permission denied." in said


async def test_what_is_opened_to_be_read_can_not_be_written(
    folder: Path, database_url: str, an_invocation: New
) -> None:
    async with a_bot_at_work(database_url), open_database(database_url, read_only=True) as reading:
        with pytest.raises(DatabaseUnavailable, match="readonly database"):
            await Invocations(reading).record(an_invocation())


async def test_where_there_is_no_log_none_is_made(folder: Path, database_url: str) -> None:
    with pytest.raises(StartupError, match="There is no database yet"):
        async with open_database(database_url, read_only=True):
            pass
    assert files(folder) == []


def files(folder: Path) -> list[str]:
    assert stat.S_ISDIR(folder.stat().st_mode)
    return sorted(file.name for file in folder.iterdir())
