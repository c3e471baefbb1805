"""`avatar-bot sandbox`: what a newcomer sees, and what scripts read."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.process.conftest import LIMIT, Process, Spawn, until
from tests.stage import ROOM


@dataclass
class Terminal:
    """The sandbox on a terminal, and the page that it serves."""

    process: Process
    keys: int
    page: str = ""

    def types(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self.keys, f"{line}\n".encode())

    def plays_on_the_page(self, room: str) -> None:
        """Start a job in the browser, and wait for its announcement."""
        assert self._ask("commands", {"command": "/avatar-start", "text": room})["error"] is None
        until(lambda: f"Room `{room}` is" in self._ask("messages")["messages"][-1]["text"], self.process)

    def shows(self, words: str) -> str:
        """Return the output from here to the line with these words."""
        stdout = self.process.popen.stdout
        assert stdout is not None
        guard = threading.Timer(LIMIT, self.process.popen.kill)
        guard.start()
        shown = ""
        for line in stdout:
            shown += line
            if words in line:
                break
        guard.cancel()
        assert words in shown
        return shown

    def _ask(self, what: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url, headers = f"{self.page}/sandbox/{what}", {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=LIMIT) as answer:
            return json.load(answer)


@pytest.fixture
def terminal(spawn: Spawn) -> Iterator[Terminal]:
    """Start the sandbox and wait until it accepts input after its first command."""
    keys, line = pty.openpty()
    process = spawn("bot", "sandbox", "--port", "0", stdin=line, environment={"COLUMNS": "200"})
    os.close(line)
    running = Terminal(process, keys)
    running.page = re.findall(r"http://127\.0\.0\.1:\d+", running.shows("Ctrl-C"))[0]
    yield running
    running.types("exit")
    assert process.wait() == 0
    os.close(keys)


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
        "is starting",
        "CN North-Beijing4",
        "Voice",
        "The row in the log",
        "started",
        "@Mei",
    ):
        assert words in played.stdout
    assert played.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_was_answered_with_a_job_id_alone_is_shown_with_its_summary(tmp_path: Path) -> None:
    played = play(tmp_path, "--once", "/avatar-start bare", "--json")

    shown = json.loads(played.stdout)
    [announcement] = [message for message in shown["messages"] if message["origin"] == "chat.postMessage"]
    assert "Video " in announcement["text"]
    assert "Voice " in announcement["text"]
    assert "voice_config_list" in shown["log"][0]["configuration"]
    assert shown["log"][0]["room_name"] == "bare"


def test_a_busy_room_exits_1_and_says_what_to_do(tmp_path: Path) -> None:
    played = play(tmp_path, "--once", "/avatar-start busy")

    assert played.returncode == 1
    assert "MSS.20010135" in played.stdout
    assert "raise its concurrency" in " ".join(played.stdout.replace("│", " ").split())


def test_standard_output_holds_only_json(tmp_path: Path) -> None:
    played = play(tmp_path, "--once", "/avatar-start lost", "--json")

    shown = json.loads(played.stdout)
    assert played.returncode == 0
    assert set(shown) == {"ack", "messages", "log"}
    assert "Room `lost` is starting" in str(shown["messages"])
    assert [row["status"] for row in shown["log"]] == ["started"]


def test_wrong_usage_exits_2_and_prints_nothing_else(tmp_path: Path) -> None:
    played = play(tmp_path, "--json")

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
    assert "is starting" in shown
    assert "/avatar-start busy" in shown


def test_the_terminal_shows_a_typed_command_and_its_later_changes(terminal: Terminal) -> None:
    terminal.plays_on_the_page("lobby")
    terminal.types("/avatar-start brief")
    played = terminal.shows("stand-in made")
    assert played.count("The row in the log") == 1
    assert "│ brief" in played
    assert "lobby" not in played

    news = terminal.shows("in a thread  ⚪  Room brief ended normally after 5 s")
    for words in (
        "edited  🟢  Room brief is running · Job ",
        "edited  ⚪  Room brief ended normally after 5 s · Job ",
    ):
        assert words in news
    assert "lobby" not in news


def test_a_stop_that_is_typed_is_shown_to_its_end(terminal: Terminal) -> None:
    terminal.plays_on_the_page("lobby")
    terminal.types("/avatar jobs")
    listed = terminal.shows("stand-in made")
    lobby = re.search(r"Room lobby is .*?Job ([0-9a-f-]{36})", listed, re.DOTALL)
    assert lobby is not None
    terminal.types(f"/avatar stop {lobby[1]}")

    assert lobby[1] in terminal.shows("⛔  Room lobby was stopped by @Mei")


def test_it_says_how_long_jobs_live_and_how_they_are_stopped(spawn: Spawn) -> None:
    sandbox = spawn("bot", "sandbox", "--port", "0", environment={"COLUMNS": "200"})
    programme = Terminal(sandbox, keys=-1).shows("Ctrl-C")
    sandbox.send(signal.SIGINT)

    assert sandbox.wait() == 0
    assert "a job waits 3 s, runs for 2 minutes, then ends because nobody speaks" in programme
    assert "/avatar jobs" in programme
    assert "/avatar stop job_id" in programme
