"""Real processes: the stand-ins in one, the bot in another, configured only by environment variables."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

LIMIT = 30.0
"""Seconds within which a process must do what a test asks."""


@dataclass
class Process:
    """A process that a test started, and its output on standard error."""

    popen: "subprocess.Popen[str]"
    said: Path

    def wait(self) -> int:
        """Return its exit status; fail the test if the process hangs."""
        return self.popen.wait(LIMIT)

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    @property
    def words(self) -> str:
        return self.said.read_text()


@dataclass
class StandIns:
    """Slack and MetaStudio in a process of their own, controlled from outside."""

    environment: dict[str, str]

    @property
    def commands_url(self) -> str:
        """The URL to type commands at, for tests that type many."""
        return self._slack("commands")

    def command(self, text: str) -> Any:
        """Type `/avatar-start text` and return the ack."""
        return self._ask(self.commands_url, {"command": "/avatar-start", "text": text})

    def click(self, action_id: str, message: dict[str, Any], *, viewer: str) -> None:
        """Let a person click a button of a message."""
        [block] = [
            block
            for block in message["blocks"]
            if any(element.get("action_id") == action_id for element in block.get("elements", ()))
        ]
        place = {"channel": message["channel"], "message_ts": message["ts"], "block_id": block["block_id"]}
        self._ask(self._slack("actions"), {**place, "action_id": action_id, "viewer": viewer})

    def messages(self) -> list[dict[str, Any]]:
        """Return all posted messages."""
        found: list[dict[str, Any]] = self._ask(self._slack("messages"))["messages"]
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """Return all started jobs."""
        made: list[dict[str, Any]] = self._ask(self._metastudio("jobs"))["jobs"]
        return made

    def start_calls(self) -> dict[str, int]:
        """Return the number of start calls for each room."""
        calls: dict[str, int] = self._ask(self._metastudio("starts"))["calls"]
        return calls

    def traffic(self) -> list[dict[str, Any]]:
        """Return all traffic to and from Slack."""
        crossed: list[dict[str, Any]] = self._ask(self._slack("traffic"))["traffic"]
        return crossed

    def trouble(self, what: dict[str, Any]) -> None:
        """Let Slack misbehave."""
        self._ask(self._slack("trouble"), what)

    def cloud_trouble(self, what: dict[str, Any]) -> None:
        """Let MetaStudio misbehave."""
        self._ask(self._metastudio("trouble"), what)

    def sockets(self) -> int:
        return int(self._ask(self._slack("sockets"))["open"])

    def _slack(self, what: str) -> str:
        return f"{self.environment['SLACK_API_URL'].removesuffix('/api/')}/sandbox/{what}"

    def _metastudio(self, what: str) -> str:
        return f"{self.environment['METASTUDIO_ENDPOINT']}/sandbox/{what}"

    def _ask(self, url: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            return json.load(answer)


Spawn = Callable[..., Process]
Tell = Callable[[str], None]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start `python -m module arguments` in an empty folder, with only the given environment."""
    started: list[Process] = []

    def start(
        module: str,
        *arguments: str,
        environment: dict[str, str] | None = None,
        stdin: int | None = None,
        stderr: int | None = None,
    ) -> Process:
        said = tmp_path / f"stderr-{len(started)}"
        with said.open("w") as file:
            popen = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], **(environment or {})},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=file if stderr is None else stderr,
                text=True,
            )
        started.append(Process(popen, said))
        return started[-1]

    yield start
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.communicate()


@pytest.fixture
def stand_ins(spawn: Spawn) -> Callable[..., StandIns]:
    """Start the stand-ins and read their addresses."""

    def start(*arguments: str) -> StandIns:
        process = spawn("bot.sandbox", *arguments)
        assert process.popen.stdout is not None
        environment = {}
        for line in process.popen.stdout:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            environment[name] = shlex.split(value)[0]
            if name == "METASTUDIO_ENDPOINT":
                break
        return StandIns(environment)

    return start


def until(condition: Callable[[], bool], process: Process | None = None, *, seconds: float = LIMIT) -> None:
    """Wait for something that another process does."""
    if not happens(condition, process, seconds=seconds):
        raise AssertionError(f"it did not happen; the process said:\n{process.words if process else ''}")


def happens(condition: Callable[[], bool], process: Process | None = None, *, seconds: float) -> bool:
    """Return True if it happens within that time, and before the process ends."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if condition():
                return True
        if process is not None and process.popen.poll() is not None:
            break
        time.sleep(0.05)
    return False


def is_up(port: int) -> bool:
    """Return True if the bot's web server says that it is ready."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)


def is_not_ready(port: int) -> bool:
    """Return True if the bot's web server says that it is not ready."""
    try:
        return not is_up(port)
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 503
