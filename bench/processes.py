"""The processes of a run: started, asked, measured through Linux's /proc, and stopped."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.dialogue import Facts

STOP_SECONDS = 25.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A failure of something to be measured, in words for the person who runs the bench."""


class Process:
    """One process with only the given environment; its output goes into files in its folder."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        handed_on: Sequence[int] = (),
        is_asked: bool = False,
    ) -> None:
        self._name = name
        self._said = folder / f"{name}.log"
        with self._said.open("ab") as said:
            self._popen = subprocess.Popen(
                command,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
                stdin=subprocess.PIPE if is_asked else subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_asked else said,
                stderr=said,
                pass_fds=handed_on,
            )

    def ask(self, **question: object) -> Facts:
        """Ask a process a question, and return its answer.

        Raises:
            BenchError: the process has ended.
        """
        if self._popen.stdin is not None:
            self._popen.stdin.write(json.dumps(question).encode() + b"\n")
            self._popen.stdin.flush()
        return self.hear()

    def hear(self) -> Facts:
        """Return the next line of its output.

        Raises:
            BenchError: the process has ended.
        """
        line = self._popen.stdout.readline() if self._popen.stdout is not None else b""
        if not line:
            raise BenchError(f"{self._name} has ended: {self.last_words}")
        facts: Facts = json.loads(line)
        return facts

    @property
    def last_words(self) -> str:
        """The end of its output."""
        return self._said.read_text(errors="replace")[-1500:].strip()

    @property
    def is_running(self) -> bool:
        """True if it still runs."""
        return self._popen.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """The CPU seconds of all its threads so far."""
        fields = Path(f"/proc/{self._popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    @property
    def peak_mib(self) -> float:
        """The largest resident memory that it ever had."""
        for line in Path(f"/proc/{self._popen.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "VmHWM":
                return int(value.split()[0]) / 1024
        raise BenchError(f"{self._name} has ended: {self.last_words}")

    def stop(self) -> None:
        """Ask it to end; kill it if it takes too long."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        if self.is_running:
            self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        if self._popen.stdout is not None:
            self._popen.stdout.close()
