"""The command line: its output from the invocation log, and its exit statuses."""

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import cli
from bot.domain.invocation import Action, Source, Status
from bot.store.connect import open_database
from bot.store.invocations import Invocations
from tests.fakes import an_invocation

runner = CliRunner()


@pytest.fixture
def database(missing_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Set the database of the commands, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVATAR_DATABASE_URL", missing_sqlite_url)
    return missing_sqlite_url


@pytest.fixture
def log(database: str) -> str:
    """Create an invocation log of three uses, an hour, a day and a week old."""
    migrated = runner.invoke(cli, ["migrate"])
    assert migrated.exit_code == 0
    assert migrated.stdout.endswith(".db has the newest schema.\n")

    async def fill() -> None:
        async with open_database(database) as engine:
            for hours, user, status in ((1, "U1", "started"), (24, "U2", "failed"), (168, "U1", "invalid")):
                await Invocations(engine).record(
                    an_invocation(
                        id=f"row-{hours}",
                        created_at=datetime.now(UTC) - timedelta(hours=hours, minutes=1),
                        action=Action.START,
                        source=Source.COMMAND,
                        status=Status(status),
                        user_id=user,
                        text="24bad cn-north-4",
                        room_id=f"room-of-{user}",
                        job_id=f"job-{hours}",
                        trigger_id=f"canary-trigger-{hours}",
                        response_url="https://hooks.slack.com/commands/canary",
                    )
                )

    asyncio.run(fill())
    return database


def ids(*arguments: str) -> list[str]:
    shown = runner.invoke(cli, ["log", "--json", *arguments])
    assert shown.exit_code == 0
    return [row["id"] for row in json.loads(shown.stdout)]


def test_the_newest_comes_first(log: str) -> None:
    assert ids() == ["row-1", "row-24", "row-168"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--user", "U1"), ["row-1", "row-168"]),
        (("--status", "failed"), ["row-24"]),
        (("--room", "room-of-U1"), ["row-1", "row-168"]),
        (("--job", "job-24"), ["row-24"]),
        (("--user", "U1", "--status", "invalid"), ["row-168"]),
        (("--user", "U1", "--status", "failed"), []),
        (("--user", "U1", "--room", "room-of-U2"), []),
        (("--room", "room-of-U1", "--status", "started"), ["row-1"]),
        (("--job", "job-1", "--status", "started", "--since", "2h"), ["row-1"]),
        (("--status", "received"), []),
        (("--since", "2h"), ["row-1"]),
        (("--since", "120m"), ["row-1"]),
        (("--since", "2d"), ["row-1", "row-24"]),
        (("--since", "2020-01-31"), ["row-1", "row-24", "row-168"]),
        (("--since", "2020-01-31T08:00+08:00", "--user", "U2"), ["row-24"]),
        (("--limit", "2"), ["row-1", "row-24"]),
        (("--entry", "row-168"), ["row-168"]),
        (("--entry", "row-16"), ["row-168"]),
        (("--entry", " `ROW-24` "), ["row-24"]),
        (("--entry", "row-1"), ["row-1"]),
        (("--entry", "row-9"), []),
        (("--entry", "%"), []),
        (("--entry", "row_1"), []),
        (("--entry", "row-24%"), []),
    ],
)
def test_filters_choose_rows(log: str, arguments: tuple[str, ...], expected: list[str]) -> None:
    assert ids(*arguments) == expected


@pytest.mark.parametrize("beginning", ["row", "r", ""])
def test_the_beginning_of_several_entries_is_refused_with_their_ids(log: str, beginning: str) -> None:
    shown = runner.invoke(cli, ["log", "--json", "--entry", beginning])
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "row-1, row-168, row-24." in shown.stderr


def test_every_format_shows_the_rows_and_no_secret(log: str) -> None:
    table, as_csv, as_json = (
        runner.invoke(cli, ["log", *form], env={"COLUMNS": "160"}) for form in ([], ["--csv"], ["--json"])
    )

    assert "24bad cn-north-4" in table.stdout
    assert [row["id"] for row in csv.DictReader(as_csv.stdout.splitlines())] == ["row-1", "row-24", "row-168"]
    assert len(json.loads(as_json.stdout)) == 3
    for shown in (table, as_csv, as_json):
        assert "canary" not in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["log", "--since", "yesterday"],
        ["log", "--since", "99999999d"],
        ["log", "--since", "999999w"],
        ["log", "--status", "fine"],
        ["log", "--csv", "--json"],
        ["log", "--limit", "0"],
        ["sandbox", "--once", "hello"],
        ["sandbox", "--port", "x"],
        ["dance"],
    ],
)
def test_wrong_usage_exits_2(log: str, arguments: list[str]) -> None:
    assert runner.invoke(cli, arguments).exit_code == 2


def test_a_missing_database_is_reported_and_not_created(database: str, tmp_path: Path) -> None:
    shown = runner.invoke(cli, ["log"])

    assert shown.exit_code == 1
    assert "There is no database yet" in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_the_table_is_reported_in_words(database: str, tmp_path: Path) -> None:
    (tmp_path / "log.db").touch()
    shown = runner.invoke(cli, ["log"])

    assert shown.exit_code == 1
    assert "no such table: invocations" in shown.stderr
    assert "avatar-bot migrate" in shown.stderr


def test_a_database_url_of_another_kind_exits_2(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_DATABASE_URL", "mysql://user:canary-password@host/log")
    shown = runner.invoke(cli, ["log"])

    assert shown.exit_code == 2
    assert "AVATAR_DATABASE_URL" in shown.stderr
    assert "canary-password" not in shown.stderr


@pytest.mark.parametrize("command", ["log", "migrate"])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://bot:p@canary:canary@db/avatar",
        "postgresql+asyncpg://bot:canary/canary@db/avatar",
        "postgresql+asyncpg://bot:canary@db:canary/avatar",
        "postgresql://bot:canary@db/avatar",
        "postgresql+asyncpg://bot:canary@db/avatar?channel_binding=require",
    ],
)
def test_a_wrong_database_is_reported_without_any_part_of_its_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVATAR_DATABASE_URL", url)
    told = runner.invoke(cli, [command])
    assert told.exit_code == 2
    assert "  AVATAR_DATABASE_URL: " in told.output
    assert "canary" not in told.output
