"""`avatar-bot sandbox`: what a newcomer sees, and what scripts read."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.conftest import Spawn
from tests.stage import ROOM


def play(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bot", "sandbox", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            "PATH": "",
            "COLUMNS": "120",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        },
    )


def test_one_command_shows_the_announcement_and_the_row_and_exits_0(tmp_path: Path) -> None:
    played = play(tmp_path, "--once", f"/avatar-start {ROOM} cn-north-4")

    assert played.returncode == 0
    for words in (
        "Avatar job started",
        "CN North-Beijing4",
        "Voices",
        "The row in the log",
        "started",
        "@Mei",
    ):
        assert words in played.stdout
    assert played.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_busy_room_exits_1_and_says_what_to_do(tmp_path: Path) -> None:
    played = play(tmp_path, "--once", "/avatar-start busy")

    assert played.returncode == 1
    assert "MSS.20010135" in played.stdout
    assert "raise the room's concurrency" in " ".join(played.stdout.replace("│", " ").split())


def test_json_is_all_that_stands_on_standard_output(tmp_path: Path) -> None:
    played = play(tmp_path, "--once", "/avatar-start lost", "--json")

    shown = json.loads(played.stdout)
    assert played.returncode == 0
    assert set(shown) == {"ack", "messages", "log"}
    assert shown["ack"]["text"] == "Starting room `lost` …"
    assert [row["status"] for row in shown["log"]] == ["started"]


@pytest.mark.parametrize("arguments", [("--json",), ("--once", "hello"), ("--port", "x")])
def test_wrong_usage_exits_2_and_says_what_is_right(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    played = play(tmp_path, *arguments)

    assert played.returncode == 2
    assert "Traceback" not in played.stderr
    assert played.stdout == ""


def test_it_stays_up_until_it_is_stopped(spawn: Spawn) -> None:
    sandbox = spawn("bot", "sandbox", "--port", "0")
    assert sandbox.popen.stdout is not None
    shown = ""
    for line in sandbox.popen.stdout:
        shown += line
        if "Ctrl-C" in line:
            break
    sandbox.send(signal.SIGINT)

    assert sandbox.wait() == 0
    assert "Avatar job started" in shown
    assert "/avatar-start busy" in shown
