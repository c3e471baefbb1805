"""One process in the state machine of starts: the bot's use cases. Each database statement is a step."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import event, text
from typing_extensions import override

from bot.errors import (
    DatabaseUnavailable,
)
from bot.graph import Graph
from bot.runtime.background import Tasks
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import inherit
from bot.store.migrate import migrate
from bot.watching.completion import Completion
from tests.graph import parts_for
from tests.life.stand_ins import CloudOfTheWorld, Life, SlackOfTheWorld
from tests.life.world import START_SECONDS, World
from tests.watching.watch_world import CompleteJobs


class GraphOfCompleteJobs(Graph):
    """All jobs are complete, so no rooms are read."""

    @cached_property
    @override
    def completion(self) -> Completion:
        return CompleteJobs(
            watched_jobs=self.watched_jobs,
            metastudio=self.metastudio,
            rooms=self.rooms,
            posts=self.posts,
        )


class Process:
    """The bot's use cases with a database."""

    def __init__(self, world: World, engine: Database, stack: AsyncExitStack, number: int) -> None:
        self.life = life = Life()
        self._stack = stack
        self.tasks = Tasks()
        self.log = Invocations(engine)
        self.cloud = CloudOfTheWorld(world, life)
        slack = SlackOfTheWorld(world, life)

        def now() -> datetime:
            return world.now

        def clock() -> float:
            return world.now.timestamp()

        graph = GraphOfCompleteJobs(
            **parts_for(
                self.log,
                delivery=slack,
                metastudio=self.cloud,
                tasks=self.tasks,
                now=now,
                acquire=partial(life.sleep, 0),
                holder=f"process-{number}",
                start_seconds=START_SECONDS,
                reads_per_second=100,
                commit_seconds=600,
                ask_seconds=600,
                clock=clock,
                sleep=life.sleep,
            )
        )
        self.claims, self.reconciliation, self.recovery = graph.claims, graph.reconciliation, graph.recovery
        self.starts, self.stops = graph.starts, graph.stops
        self.posts, self._watcher = graph.posts, graph.watcher
        event.listen(engine.sync_engine, "checkout", partial(_before_statement, world, life))

    async def watch(self) -> None:
        """Run the watcher for a moment."""
        await self._watcher.refresh()
        while await self._watcher.look():
            pass

    @property
    def is_busy(self) -> bool:
        """True if there is more to do than to wait for the cloud."""
        return len(self.tasks._running) + len(self.posts._tasks._running) > self.cloud.waiting

    async def end(self) -> None:
        """End the process: from now on it has no effect."""
        self.life.over = True
        await self.tasks.cancel()
        await self.posts.close()
        await self._stack.aclose()


def _before_statement(world: World, life: Life, *_: object) -> None:
    """Make each statement a step, which may fail."""
    life.step()
    if world.log_fails:
        world.log_fails -= 1
        raise sqlite3.OperationalError("database is locked")


Work = Callable[[Process], Awaitable[object]]


async def tried(work: Work, process: Process) -> None:
    """Let a process work. It may end during the work, and its database may fail."""
    with suppress(asyncio.CancelledError, DatabaseUnavailable):
        await work(process)


async def take_over(process: Process) -> None:
    """Recover overdue rows and tell their outcomes."""
    await process.recovery.recover_once()
    await process.posts.deliver_due()


async def nothing(_process: Process) -> None:
    """Do nothing: the process only finishes its work."""


async def begin(world: World, path: Path, number: int, *, alone: bool) -> Process:
    """Begin a process on a database. If it is `alone`, it takes over the unfinished work."""
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_database(f"sqlite+aiosqlite:///{path}"))
        async with engine.connect() as connection:
            await connection.execute(text("PRAGMA synchronous=OFF"))  # no power failure in these tests
        if alone:
            await inherit(engine, world.now)
        return Process(world, engine, stack.pop_all(), number)


async def make_empty_log(path: Path) -> None:
    """Create an empty database, to be copied for each run."""
    async with open_database(f"sqlite+aiosqlite:///{path}") as engine:
        await migrate(engine)
