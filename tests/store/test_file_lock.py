"""An SQLite file serves one process only."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bot.errors import StartupError
from bot.store.file_lock import lock_file

HOLDER = """
import sys, time
from bot.store.file_lock import lock_file
with lock_file(sys.argv[1]):
    print("has it", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'avatar.db'}"


def test_a_second_bot_is_told_to_stop_the_first_one(url: str) -> None:
    with lock_file(url), pytest.raises(StartupError) as refused, lock_file(url):
        pass
    assert str(refused.value).startswith("Another bot is at work with the database ")
    assert refused.value.advice == "Stop it first, or give both a PostgreSQL database."


def test_once_the_first_one_has_ended_the_next_may_begin(url: str) -> None:
    for _ in range(2):
        with lock_file(url):
            pass


async def test_a_bot_that_was_killed_is_in_nobodys_way(url: str) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, url, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    with pytest.raises(StartupError), lock_file(url):
        pass
    holder.send_signal(signal.SIGKILL)
    await holder.wait()
    with lock_file(url):
        pass


def test_a_log_in_postgresql_serves_many(tmp_path: Path) -> None:
    shared = "postgresql+asyncpg://bot@db.internal/avatar"
    with lock_file(shared), lock_file(shared):
        assert list(tmp_path.iterdir()) == []


def test_where_no_lock_can_be_made_it_is_said_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(StartupError) as refused, lock_file(f"sqlite+aiosqlite:///{tmp_path}/none/avatar.db"):
        pass
    assert (
        str(refused.value)
        == f"The database file {tmp_path}/none/avatar.db cannot be opened: No such file or directory."
    )
