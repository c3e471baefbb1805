"""A bot that a test can kill and start again in the same place."""

import json
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from tests.process.conftest import Process, Spawn, is_up, until
from tests.stage import free_port


class Replica:
    """`avatar-bot run` with its own web server, one process after another."""

    def __init__(self, spawn: Spawn, environment: Mapping[str, str], *, port: int | None = None) -> None:
        self._spawn = spawn
        self._port = port or free_port()
        self._environment = {**environment, "AVATAR_HTTP_PORT": str(self._port)}
        self._processes: list[Process] = []

    @property
    def process(self) -> Process:
        """The current process, or the last one."""
        return self._processes[-1]

    def start(self) -> None:
        self._processes.append(self._spawn("bot", "run", environment=self._environment))

    def wait_until_up(self) -> None:
        until(lambda: is_up(self._port), self.process)

    def kill(self) -> None:
        """Kill the process, without time to end in order."""
        self.process.send(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send(signal.SIGTERM)
        return self.process.wait()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Return the process log of all its processes."""
        lines = (line for process in self._processes for line in process.words.splitlines())
        return [json.loads(line) for line in lines if line.endswith("}")]


def times_said(replicas: Sequence[Replica], event: str) -> int:
    """Count how often all of them together logged an event."""
    return sum(line["event"] == event for replica in replicas for line in replica.log)
