"""`avatar-bot log prune`: what it says, asks and refuses."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import cli
from bot.domain.invocation import Action, JobState, Source, Status
from bot.store.connect import open_database
from bot.store.file_lock import lock_file
from bot.store.invocations import Invocations
from tests.fakes import an_invocation

runner = CliRunner()


@pytest.fixture(params=["sqlite_url", "postgresql_url"], ids=["SQLite", "PostgreSQL"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the database of the command: two rows of last year, one of a job that runs, and one of today."""
    url: str = request.getfixturevalue(request.param)
    monkeypatch.setenv("AVATAR_DATABASE_URL", url)

    async def fill() -> None:
        async with open_database(url) as database:
            for number, days in enumerate((400, 399, 398, 0)):
                job = {"room_id": "lobby", "job_id": "job-1", "job_state": JobState.RUNNING}
                row = an_invocation(
                    id=f"row-{number}",
                    created_at=datetime.now(UTC) - timedelta(days=days),
                    action=Action.START,
                    source=Source.COMMAND,
                    status=Status.STARTED if number == 2 else Status.DONE,
                    user_id="U1",
                    trigger_id=f"trigger-{number}",
                    **(job if number == 2 else {}),
                )
                await Invocations(database).record(row)

    asyncio.run(fill())
    return url


@pytest.fixture
def sqlite_log(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set an empty SQLite database."""
    monkeypatch.setenv("AVATAR_DATABASE_URL", sqlite_url)
    return sqlite_url


def ids(url: str) -> list[str]:
    async def read() -> list[str]:
        async with open_database(url, read_only=True) as database:
            return sorted([row.id async for row in Invocations(database).find()])

    return asyncio.run(read())


def test_it_says_what_would_go_and_removes_it_after_a_yes(log: str) -> None:
    done = runner.invoke(cli, ["log", "prune", "--before", "90d"], input="y\n")
    assert done.exit_code == 0
    assert ": 2 rows. Still needed, so not removed: 1 row." in done.stdout
    assert "Remove them for ever? [y/N]" in done.stdout
    assert "Removed: 2 rows." in done.stdout
    assert ids(log) == ["row-2", "row-3"]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_goes(log: str, answer: str) -> None:
    done = runner.invoke(cli, ["log", "prune", "--before", "90d"], input=answer)
    assert (done.exit_code, "Nothing was removed." in done.stdout) == (1, True)
    assert len(ids(log)) == 4


def test_with_yes_it_does_not_ask(log: str) -> None:
    before = f"{datetime.now(UTC) - timedelta(days=399, hours=12):%Y-%m-%dT%H:%M}"
    done = runner.invoke(cli, ["log", "prune", "--before", before, "--yes"])
    assert (done.exit_code, "[y/N]" in done.stdout) == (0, False)
    assert "Removed: 1 row." in done.stdout
    assert ids(log) == ["row-1", "row-2", "row-3"]


def test_where_nothing_is_old_it_asks_nothing(sqlite_log: str) -> None:
    done = runner.invoke(cli, ["log", "prune", "--before", "90d"])
    assert (done.exit_code, "[y/N]" in done.stdout) == (0, False)
    assert ": 0 rows." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["prune"], "Missing option '--before'"),
        (["prune", "--before", "yesterday"], "--before yesterday: give 90m, 24h, 7d, or 2026-01-31"),
        (["prune", "--before", "99999999d"], "give 90m, 24h, 7d"),
        (["prune", "--before", "23h"], "a time that is at least a day ago"),
        (["prune", "--before", "0d"], "a time that is at least a day ago"),
        (["prune", "--before", "2999-01-01"], "a time that is at least a day ago"),
        (["--user", "U1", "prune", "--before", "90d"], "prune takes none of the options of log"),
        (["--limit", "5", "prune", "--before", "90d"], "prune takes none of the options of log"),
        (["prune", "--before", "90d", "--user", "U1"], "No such option"),
        (["purge"], "No such command"),
    ],
)
def test_wrong_usage_exits_2_and_says_why(sqlite_log: str, arguments: list[str], why: str) -> None:
    done = runner.invoke(cli, ["log", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert why in done.stderr


def test_a_missing_database_is_reported_and_not_created(
    missing_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AVATAR_DATABASE_URL", missing_sqlite_url)
    done = runner.invoke(cli, ["log", "prune", "--before", "90d", "--yes"])
    assert (done.exit_code, "There is no database yet" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_an_older_schema_is_reported_with_what_to_do(sqlite_log: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db")) as file:
        file.execute("ALTER TABLE posts RENAME TO postings")
    done = runner.invoke(cli, ["log", "prune", "--before", "90d", "--yes"])
    assert (done.exit_code, "avatar-bot migrate" in done.stderr) == (1, True)


@pytest.fixture
def old_file(sqlite_log: str, tmp_path: Path) -> Path:
    """Make the file as earlier versions did, which could not shrink it, with free space for half of it."""
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=DELETE")
        file.execute("PRAGMA auto_vacuum=NONE")
        file.execute("VACUUM")
        file.execute("CREATE TABLE filler AS SELECT zeroblob(1000000) AS zeros")
        file.execute("DROP TABLE filler")
    return path


def test_a_file_that_cannot_shrink_is_written_anew_once(old_file: Path) -> None:
    before = old_file.stat().st_size
    done = runner.invoke(cli, ["log", "prune", "--before", "90d"], input="y\n")
    assert (done.exit_code, "Write it anew now? [y/N]" in done.stdout) == (0, True)
    assert old_file.stat().st_size < before / 2
    with closing(sqlite3.connect(old_file)) as file:
        assert file.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    again = runner.invoke(cli, ["log", "prune", "--before", "90d"])
    assert "anew" not in again.stdout


def test_the_file_stays_as_it_is_after_a_no(old_file: Path) -> None:
    before = old_file.stat().st_size
    assert runner.invoke(cli, ["log", "prune", "--before", "90d"], input="n\n").exit_code == 0
    assert old_file.stat().st_size == before


def test_it_is_not_written_anew_while_a_bot_runs(old_file: Path, sqlite_log: str) -> None:
    with lock_file(sqlite_log):
        done = runner.invoke(cli, ["log", "prune", "--before", "90d", "--yes"])
    assert (done.exit_code, "Another bot is at work" in done.stdout) == (0, True)
    assert "Stop the bot and repeat this command" in done.stdout
