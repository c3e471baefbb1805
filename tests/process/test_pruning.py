"""`avatar-bot log prune` as a process: beside a bot that runs, and killed in the middle."""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.conftest import Process, Spawn, StandIns, Tell, until

ROWS = 800
AGE = "2020-01-01 00:00:00.000000"


@pytest.fixture
def path(tmp_path: Path, sqlite_url: str) -> Path:
    """Fill the log with old rows, each with two posts."""
    rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as log:
        log.execute(
            f"INSERT INTO invocations (id, created_at, action, source, user_id, text, status) {rows} "
            f"SELECT lower(hex(randomblob(16))), '{AGE}', 'start', 'command', 'U1', '', 'failed' FROM n"
        )
        for purpose in ("announcement", "thread"):
            log.execute(
                "INSERT INTO posts (id, invocation_id, purpose, revision, attempts, created_at) "
                f"SELECT id || '{purpose}', id, '{purpose}', 0, 0, '{AGE}' FROM invocations"
            )
    return tmp_path / "log.db"


def count(path: Path, rest: str) -> int:
    with closing(sqlite3.connect(path)) as log:
        [(number,)] = log.execute(f"SELECT count(*) FROM {rest}")
    return int(number)


def old(path: Path) -> int:
    return count(path, f"invocations WHERE created_at = '{AGE}'")


def prune(spawn: Spawn, url: str) -> Process:
    return spawn("bot", "log", "prune", "--before", "30d", "--yes", environment={"AVATAR_DATABASE_URL": url})


def test_killed_in_the_middle_it_leaves_whole_rows_and_the_next_one_removes_the_rest(
    spawn: Spawn, path: Path, sqlite_url: str
) -> None:
    size = path.stat().st_size
    pruning = prune(spawn, sqlite_url)
    until(lambda: old(path) < ROWS, pruning)
    pruning.send(signal.SIGKILL)
    assert pruning.wait() == -signal.SIGKILL

    left = old(path)
    assert 0 < left < ROWS
    assert count(path, "posts") == 2 * left
    assert count(path, "posts WHERE invocation_id NOT IN (SELECT id FROM invocations)") == 0

    again = prune(spawn, sqlite_url)
    told, _ = again.popen.communicate(timeout=30)
    assert (again.popen.returncode, f"Removed: {left:,} rows." in told) == (0, True)
    assert (count(path, "invocations"), count(path, "posts")) == (0, 0)
    assert path.stat().st_size < size / 2, "the space is given back"
    with closing(sqlite3.connect(path)) as log:
        assert log.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_bot_that_runs_meanwhile_keeps_acknowledging(
    spawn: Spawn, stand_ins: Callable[..., StandIns], path: Path, sqlite_url: str, tell: Tell
) -> None:
    cloud = stand_ins()
    settings = {"AVATAR_HTTP_PORT": "0", "AVATAR_DATABASE_URL": sqlite_url, "AVATAR_STARTS_PER_SECOND": "0"}
    bot = spawn("bot", "run", environment=cloud.environment | settings)
    until(lambda: cloud.sockets() == 1, bot)
    pruning = prune(spawn, sqlite_url)
    until(lambda: old(path) < ROWS, pruning)
    took: list[float] = []
    while pruning.popen.poll() is None:
        began = time.monotonic()
        assert not cloud.command(f"room-{len(took)}")["error"]
        took.append(time.monotonic() - began)
        time.sleep(0.05)

    tell(f"pruning {ROWS} rows beside a bot: {len(took)} acks, the slowest {max(took):.3f} s")
    assert max(took) < 1.0
    assert old(path) == 0
    until(lambda: len(cloud.jobs()) == len(took), bot)
    until(lambda: count(path, "invocations WHERE announced_at IS NOT NULL") == len(took), bot)
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0


def test_a_running_bot_removes_what_is_older_than_its_setting_says(
    spawn: Spawn, stand_ins: Callable[..., StandIns], path: Path, sqlite_url: str
) -> None:
    cloud = stand_ins()
    settings = {"AVATAR_HTTP_PORT": "0", "AVATAR_DATABASE_URL": sqlite_url, "AVATAR_LOG_RETENTION_DAYS": "30"}
    bot = spawn("bot", "run", environment=cloud.environment | settings)
    until(lambda: cloud.sockets() == 1, bot)
    cloud.command("lobby")
    until(lambda: "old rows were removed from the invocation log" in bot.words, bot)
    assert (old(path), count(path, "invocations")) == (0, 1)
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0
