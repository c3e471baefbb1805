"""Another program changes the files of an open SQLite database."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.invocation import Invocation
from bot.errors import DatabaseUnavailable
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from tests.steps import note_told

New = Callable[..., Invocation]
Harm = Callable[[Path], object]

BESIDE = ("log.db", "log.db-wal", "log.db-shm")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def remove(file: Path) -> None:
    file.unlink()


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.rename(file)


def halve(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("used_before", [True, False], ids=["used", "just opened"])
@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("harm", [remove, replace])
async def test_a_file_that_is_removed_or_replaced_is_noticed_at_the_next_use(
    database: Database, tmp_path: Path, an_invocation: New, harm: Harm, name: str, *, used_before: bool
) -> None:
    log = Invocations(database)
    if used_before:
        await log.record(an_invocation())
    harm(tmp_path / name)
    what = f"{name.removeprefix('log.db')} file".lstrip()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match=f"its {what} was removed or replaced; restart the bot"):
            await log.record(an_invocation())
    with pytest.raises(DatabaseUnavailable):
        await log.check_writable()
    with pytest.raises(DatabaseUnavailable):
        await log.get("invocation-001")


async def test_what_was_written_before_a_wal_was_removed_is_there_for_the_next_process(
    database: Database, tmp_path: Path, an_invocation: New
) -> None:
    await Invocations(database).record(an_invocation())
    remove(tmp_path / "log.db-wal")
    with pytest.raises(DatabaseUnavailable):
        await Invocations(database).record(an_invocation())
    with closing(sqlite3.connect(tmp_path / "log.db")) as another:
        assert another.execute("SELECT id FROM invocations").fetchall() == [("invocation-001",)]


@pytest.mark.parametrize("name", ["log.db", "log.db-wal"])
@pytest.mark.parametrize("harm", [halve, empty])
async def test_a_file_that_is_cut_short_is_noticed_at_the_next_use(
    sqlite_url: str, tmp_path: Path, an_invocation: New, harm: Harm, name: str
) -> None:
    async with open_database(sqlite_url) as database:
        log = Invocations(database)
        await log.record(an_invocation())
        harm(tmp_path / name)
        with pytest.raises(DatabaseUnavailable):
            await log.check_writable()
        with pytest.raises(DatabaseUnavailable, match="was cut short"):
            await log.record(an_invocation())


async def test_what_others_may_do_to_the_files_disturbs_nobody(
    database: Database, tmp_path: Path, an_invocation: New
) -> None:
    log = Invocations(database)
    rows = [an_invocation(text="long " * 5000) for _ in range(20)]
    for row in rows:
        await log.record(row)
    await log.clear_traces()
    async with database.connect() as connection:
        await connection.exec_driver_sql("DELETE FROM invocations")
    for tidying in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
            other.execute(tidying).fetchall()
        assert await log.record(an_invocation())
    await log.check_writable()


SHRINKING = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
for _ in range(300):
    file.executescript("PRAGMA incremental_vacuum(4)")
    file.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
"""


async def test_another_process_may_shrink_the_file_bit_by_bit(
    database: Database, tmp_path: Path, an_invocation: New
) -> None:
    log = Invocations(database)
    for _ in range(20):
        await log.record(an_invocation(text="long " * 50_000))
    async with database.connect() as connection:
        await connection.exec_driver_sql("DELETE FROM invocations")
    await log.clear_traces()
    size = (tmp_path / "log.db").stat().st_size
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SHRINKING, tmp_path / "log.db")
    while process.returncode is None:
        await log.get("invocation-001")
        await asyncio.sleep(0)
    assert await process.wait() == 0
    assert (tmp_path / "log.db").stat().st_size < size / 2


async def test_a_cleared_response_url_is_in_no_file_after_the_traces_are_cleared(
    database: Database, tmp_path: Path, an_invocation: New
) -> None:
    log = Invocations(database)
    row = an_invocation(response_url="https://hooks.slack.com/commands/T1/1/a-secret")
    await log.record(row)
    await note_told(log, row, row.created_at, channel="C1", ts="1.2")
    assert b"a-secret" in files(tmp_path)
    await log.clear_traces()
    assert b"a-secret" not in files(tmp_path)
    assert b"invocation-001" in files(tmp_path)
    assert await log.record(an_invocation())


async def test_who_reads_is_not_waited_for_while_traces_are_cleared(
    database: Database, tmp_path: Path, an_invocation: New
) -> None:
    log = Invocations(database)
    row = an_invocation(response_url="https://hooks.slack.com/commands/T1/1/a-secret")
    await log.record(row)
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM invocations").fetchall()
        await note_told(log, row, row.created_at, channel="C1", ts="1.2")
        await log.clear_traces()
        assert await log.record(an_invocation())
        reader.execute("ROLLBACK")
    await log.clear_traces()
    assert b"a-secret" not in files(tmp_path)


def files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())
