"""Run a contender between the stand-ins and the load generator: three processes."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contenders.registry import Contender, Store, Way
from bench.dialogue import Facts
from bench.plan import Plan
from bench.postgresql import PostgreSql
from bench.processes import BenchError, Process

ROOT = Path(__file__).parent.parent
SIGNING_SECRET = "bench-signing-secret"

_SETTINGS = {
    "SLACK_BOT_TOKEN": "xoxb-bench",
    "HUAWEICLOUD_SDK_PROJECT_ID": "bench",
    "AVATAR_STARTS_PER_SECOND": "0",
    "PYTHONPATH": str(ROOT),
}
_KEYS = {"HUAWEICLOUD_SDK_AK": "BENCHACCESSKEY", "HUAWEICLOUD_SDK_SK": "bench-secret-key"}
_TOKEN = {"METASTUDIO_AUTH_TOKEN": "bench-token"}


@dataclass(frozen=True, slots=True)
class Busy:
    """The share of a core that each process used; 1.0 is a whole core."""

    contender: float
    stand_ins: float
    load: float


class Entrant:
    """A running contender that has acknowledged its first command, `seconds_to_ready` after its start."""

    def __init__(self, arena: "Arena", contender: Contender, process: Process, seconds: float) -> None:
        self.process = process
        self.seconds_to_ready = seconds
        self._arena = arena
        self._contender = contender

    def play(self, count: int, *, at_once: int, metastudio_seconds: float, seconds: float) -> Facts:
        """Type `count` commands.

        Raises:
            BenchError: none of them succeeded.
        """
        self._arena.stand_ins.ask(metastudio_seconds=metastudio_seconds)
        facts = self._arena.load.ask(
            do="play",
            number=self._arena.next_number(count),
            count=count,
            at_once=at_once,
            announces=self._contender.announces,
            seconds=seconds,
        )
        if not facts.get("done"):
            words = facts.get("failure") or facts.get("last_words")
            raise BenchError(f"{self._contender.name}: {words}\n{self.process.last_words}")
        return facts

    @contextmanager
    def measured(self) -> Iterator[list[Busy]]:
        """Yield a list that holds each process's use of the processor once the block is over."""
        processes = (self.process, self._arena.stand_ins, self._arena.load)
        before, began = [process.cpu_seconds for process in processes], time.monotonic()
        busy: list[Busy] = []
        yield busy
        seconds = time.monotonic() - began
        after = [process.cpu_seconds for process in processes]
        busy.append(Busy(*((end - start) / seconds for start, end in zip(before, after, strict=True))))


class Arena:
    """The stand-ins and the load generator of a whole run; `folder` is for their output."""

    def __init__(self, folder: Path, postgresql: PostgreSql) -> None:
        self._folder = folder
        self._postgresql = postgresql
        self._numbers = 1
        reading, writing = os.pipe()
        self.stand_ins = self._start("stand_ins", writing)
        self._origin = f"http://127.0.0.1:{self.stand_ins.hear()['port']}"
        self.load = self._start("load", reading, "--signing-secret", SIGNING_SECRET, "--origin", self._origin)
        socket_url = f"ws://127.0.0.1:{self.load.hear()['socket_port']}/link"
        self.stand_ins.ask(socket_url=socket_url)
        os.close(reading)
        os.close(writing)

    def close(self) -> None:
        """Stop both."""
        self.load.stop()
        self.stand_ins.stop()

    def next_number(self, count: int = 1) -> int:
        """Reserve `count` unused command numbers and return the first."""
        number = self._numbers
        self._numbers += count
        return number

    def place(self, contender: Contender, name: str) -> "Place":
        """Create a folder for a contender, and a database if the contender uses a configured one."""
        folder = self._folder / f"{contender.name}-{name}"
        folder.mkdir()
        own = contender.store is Store.OWN
        return Place(folder, {} if own else {"AVATAR_DATABASE_URL": self._postgresql.new_database()})

    @contextmanager
    def entered(
        self, contender: Contender, place: "Place", settings: dict[str, str] | None = None
    ) -> Iterator[Entrant]:
        """Run a contender in its place, from its start to its end.

        Raises:
            BenchError: the contender does not get ready.
        """
        port = _free_port()
        way = {"SLACK_APP_TOKEN": "xapp-bench"} if contender.way is Way.SOCKET else {}
        environment = {
            **_SETTINGS,
            **(_KEYS if contender.signs else _TOKEN),
            **way,
            **place.settings,
            **(settings or {}),
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": f"{self._origin}/api/",
            "METASTUDIO_ENDPOINT": self._origin,
            "AVATAR_HTTP_PORT": str(port),
        }
        self.stand_ins.ask(metastudio_seconds=0.0)
        number, began = self.next_number(), time.monotonic()
        process = Process(contender.name, contender.command, folder=place.folder, environment=environment)
        try:
            met = self.load.ask(do="meet", port=0 if way else port, number=number)
            if "failure" in met:
                raise BenchError(f"{contender.name}: {met['failure']}\n{process.last_words}")
            yield Entrant(self, contender, process, met["at"] - began)
        finally:
            try:
                self.load.ask(do="part")
            finally:
                process.stop()

    def _start(self, name: str, pipe: int, *arguments: str) -> Process:
        return Process(
            name,
            (sys.executable, "-m", f"bench.{name}", "--announcements", str(pipe), *arguments),
            folder=self._folder,
            environment={"PYTHONPATH": str(ROOT)},
            handed_on=(pipe,),
            is_asked=True,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """The folder where a contender runs, and its additional environment."""

    folder: Path
    settings: dict[str, str]


def sustained(arena: Arena, yardstick: Contender, plan: Plan) -> Facts:
    """Measure what the stand-ins and the load generator achieve if no contender slows them down."""
    with arena.entered(yardstick, arena.place(yardstick, "yardstick")) as entrant:
        entrant.play(plan.warm_up, at_once=plan.at_once, metastudio_seconds=0.0, seconds=plan.crowd_seconds)
        with entrant.measured() as busy:
            facts = entrant.play(
                plan.commands, at_once=plan.at_once, metastudio_seconds=0.0, seconds=plan.crowd_seconds
            )
    return {"per_second": facts["per_second"], "stand_ins": busy[0].stand_ins, "load": busy[0].load}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
