"""The command line on unusual machines: without a home, an encoding, a stream or a folder."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.process.conftest import Spawn, StandIns, until

WITHOUT_A_USER = """
import pwd, runpy, sys
def unknown(*_):
    raise KeyError("getpwuid(): uid not found")
pwd.getpwuid = pwd.getpwnam = unknown
sys.argv[0] = "avatar-bot"
runpy.run_module("bot", run_name="__main__")
"""
"""Runs `python -m bot` for a user that the system does not know."""

IN_ENGLISH_ONLY = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "POSIX", "PYTHONIOENCODING": "latin-1"},
]
START = "/avatar-start lobby-部屋-ü"


def ended(
    folder: Path,
    *command: str,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command; it may end in any way, but not with a traceback."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **(environment or {})},
        preexec_fn=before,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


@pytest.mark.parametrize("home", [{}, {"HOME": "~"}], ids=["no home", "a home of no name"])
def test_a_user_whom_the_system_does_not_know_can_use_it(
    stand_ins: Callable[..., StandIns], spawn: Spawn, tmp_path: Path, home: dict[str, str]
) -> None:
    python = (sys.executable, "-c", WITHOUT_A_USER)
    assert ended(tmp_path, *python, "run", environment=home).returncode == 2
    assert ended(tmp_path, *python, "migrate", environment=home).returncode == 0
    assert ended(tmp_path, *python, "log", environment=home).stdout == b"No rows.\n"
    assert ended(tmp_path, *python, "sandbox", "--once", "/avatar-start a", environment=home).returncode == 0


def test_a_database_url_without_a_user_is_reported_if_the_process_has_none_either(tmp_path: Path) -> None:
    url = {"AVATAR_DATABASE_URL": "postgresql+asyncpg://127.0.0.1:9/log"}
    done = ended(tmp_path, sys.executable, "-c", WITHOUT_A_USER, "log", environment=url)
    assert done.returncode == 1
    assert b"its URL names no user" in done.stderr


def test_it_runs_for_a_user_whom_the_system_does_not_know(
    stand_ins: Callable[..., StandIns], spawn: Spawn, tmp_path: Path
) -> None:
    cloud = stand_ins()
    (tmp_path / "unknown_user.py").write_text(WITHOUT_A_USER)
    bot = spawn("unknown_user", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": "0"})
    until(lambda: cloud.sockets() == 1, bot)
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0


@pytest.mark.parametrize("environment", IN_ENGLISH_ONLY, ids=" ".join)
def test_every_message_can_be_written_in_any_encoding(tmp_path: Path, environment: dict[str, str]) -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return ended(tmp_path, sys.executable, "-m", "bot", *arguments, environment=environment)

    played = run("sandbox", "--once", START, "--json")
    assert json.loads(played.stdout)["log"][0]["text"] == START.partition(" ")[2]
    assert run("log", "--since", "gestern, früh").returncode == 2


def test_characters_missing_in_an_encoding_are_replaced(tmp_path: Path) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "COLUMNS": "100"}
    command = (sys.executable, "-m", "bot", "sandbox", "--once", "/avatar-start lobby")
    shown = ended(tmp_path, *command, environment=environment).stdout.decode("ascii")
    assert "is starting" in shown
    assert "\\" not in shown


@pytest.mark.parametrize(
    ("closed", "statuses"),
    [
        ((0,), {"migrate": 0}),
        ((1,), {"migrate": 0, "log": 0}),
        ((2,), {"migrate": 0, "run": 2}),
        ((0, 1, 2), {"migrate": 0, "log": 0, "run": 2}),
    ],
    ids=str,
)
def test_it_works_with_streams_that_are_closed(
    tmp_path: Path, closed: tuple[int, ...], statuses: dict[str, int]
) -> None:
    """Without one stream, the commands that use it: `log` writes to the second, `run` to the third."""

    def close() -> None:
        for number in closed:
            os.close(number)

    for command, status in statuses.items():
        assert ended(tmp_path, sys.executable, "-m", "bot", command, before=close).returncode == status
    assert (tmp_path / "avatar-bot.db").read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("arguments", [["log"], ["log", "--csv"], ["--version"], ["--help"]])
def test_unwritable_output_is_reported(tmp_path: Path, sqlite_url: str, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=tmp_path,
            env={**os.environ, "AVATAR_DATABASE_URL": sqlite_url},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written: No space left on device.\n"


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = str(Path(sys.executable).with_name("avatar-bot"))
    assert ended(gone, command, "run", before=gone.rmdir).returncode == 2
    gone.mkdir()
    done = ended(gone, command, "migrate", before=gone.rmdir)
    assert done.returncode == 1
    assert b"AVATAR_DATABASE_URL" in done.stderr


@pytest.mark.parametrize("command", ["run", "log", "migrate"])
def test_a_misspelt_setting_stops_every_command_that_reads_them(tmp_path: Path, command: str) -> None:
    (tmp_path / ".env").write_text("AVATAR_DATABASE_UR=sqlite+aiosqlite:///other.db\n")
    done = ended(tmp_path, sys.executable, "-m", "bot", command)
    assert done.returncode == 2
    assert b"AVATAR_DATABASE_UR: there is no such setting; did you mean AVATAR_DATABASE_URL?" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("nowhere.invalid", "3000", "nowhere.invalid:3000: the host name cannot be resolved"),
        ("192.0.2.1", "3000", "192.0.2.1:3000: Cannot assign requested address"),
        ("[2001:db8::1]", "3000", "[2001:db8::1]:3000: Cannot assign requested address"),
    ],
)
def test_a_host_of_another_machine_is_reported(
    spawn: Spawn, stand_ins: Callable[..., StandIns], host: str, port: str, words: str
) -> None:
    wrong = {"AVATAR_HTTP_HOST": host, "AVATAR_HTTP_PORT": port}
    bot = spawn("bot", "run", environment=stand_ins().environment | wrong)
    assert bot.wait() == 1
    assert f"cannot listen on {words}" in bot.words
    assert "AVATAR_HTTP_HOST" in bot.words
