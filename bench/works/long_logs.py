"""Time a page, a filter and the duplicate check in a short and a long log, with the bot's own store."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from bench.figures import Figures
from bench.identifiers import room_of
from bench.plan import Plan
from bench.postgresql import PostgreSql
from bench.processes import BenchError
from bench.stand_ins.slack import CHANNEL, TEAM, USER
from bench.toolchains import Skipped
from bench.works.rows import fill_postgresql, fill_sqlite, sqlite_url
from bench.works.work import LOG
from bot.domain.invocation import Action, Invocation, Origin, RoomInvocation, Source, StartRequest, Status
from bot.store.connect import open_database
from bot.store.invocations import Invocations

PAGE = 50
SIZES = ("short", "long")

Look = Callable[[], Awaitable[object]]


class LongLogs:
    """The logs, created once for all rounds, by the name of their contender: `ours, short` and so on."""

    def __init__(self, folder: Path, postgresql: PostgreSql, plan: Plan) -> None:
        self._plan = plan
        self._urls: dict[str, str] = {}
        self.skipped = ""
        for size, count in zip(SIZES, plan.rows, strict=True):
            path = folder / f"{size}.db"
            fill_sqlite(path, count)
            self._urls[f"ours, {size}"] = sqlite_url(path)
        try:
            for size, count in zip(SIZES, plan.rows, strict=True):
                url = postgresql.new_database()
                fill_postgresql(postgresql, url, count)
                self._urls[f"ours_postgresql, {size}"] = url
        except Skipped as reason:
            self.skipped = str(reason)

    def take_turn(self, figures: Figures) -> None:
        """Time every query in every log, and change to the next log after each query."""
        for name, times in asyncio.run(self._look()).items():
            figures.add(LOG.name, name, **{figure: median(values) for figure, values in times.items()})

    async def _look(self) -> dict[str, dict[str, list[float]]]:
        times: dict[str, dict[str, list[float]]] = {
            name: {column.figure: [] for column in LOG.columns} for name in self._urls
        }
        async with AsyncExitStack() as stack:
            logs = {
                name: Invocations(await stack.enter_async_context(open_database(url)))
                for name, url in self._urls.items()
            }
            for turn in range(-2, self._plan.looks):  # the first queries read files and prepare statements
                for name, log in logs.items():
                    for figure, look in _looks(log).items():
                        began = perf_counter()
                        await look()
                        if turn >= 0:
                            times[name][figure].append((perf_counter() - began) * 1000)
        return times


def _looks(log: Invocations) -> dict[str, Look]:
    async def read_a_page() -> None:
        if not [row async for row in log.find(limit=PAGE)]:
            raise BenchError("the log is empty")

    async def find_none() -> None:
        if [row async for row in log.find(user_id=USER, status=Status.FAILED, limit=PAGE)]:
            raise BenchError("no start of the log has failed")

    return {
        "page_ms": read_a_page,
        "filter_ms": find_none,
        "duplicate_ms": lambda: log.find_duplicate(_wish(room_of(7))),
        "record_ms": lambda: log.record(_wish(room_of(uuid4().int % 10**12)), unless_duplicate=True),
    }


def _wish(room_id: str) -> RoomInvocation:
    """Return a start that is requested now."""
    return Invocation(
        id=uuid4().hex,
        created_at=datetime.now(UTC),
        action=Action.START,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        origin=Origin(user_id=USER, team_id=TEAM, channel_id=CHANNEL, trigger_id=uuid4().hex),
        text=f"{room_id} cn-north-4",
        request=StartRequest(room_id, "cn-north-4"),
        job=None,
    )
