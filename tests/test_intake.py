import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.errors import LogUnavailable
from bot.intake import COMMIT_SECONDS, Intake
from bot.model import Action, Invocation, Source, Status
from bot.store.database import BUSY_MILLISECONDS
from bot.store.invocations import Invocations
from bot.tasks import Tasks

INVOCATION = Invocation(
    id="invocation-1",
    created_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U0MEI00001",
    trigger_id="trigger-1",
    deadline=datetime(2026, 1, 1, 12, 1, tzinfo=UTC),
)


class SlowLog(Invocations):
    """A log that writes only when it is let."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.free = asyncio.Event()

    @override
    async def record(self, invocation: Invocation) -> bool:
        await self.free.wait()
        return await super().record(invocation)


@pytest.fixture
def log(database: AsyncEngine) -> Invocations:
    return Invocations(database)


@pytest.fixture
def slow_log(database: AsyncEngine) -> SlowLog:
    return SlowLog(database)


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


async def rows(log: Invocations) -> list[Invocation]:
    return [row async for row in log.find()]


async def test_what_is_committed_is_in_the_log_before_anybody_is_told(log: Invocations, tasks: Tasks) -> None:
    assert await Intake(log, tasks).commit(INVOCATION) is True
    assert await rows(log) == [INVOCATION]


async def test_the_same_delivery_is_committed_once(log: Invocations, tasks: Tasks) -> None:
    intake = Intake(log, tasks)
    await intake.commit(INVOCATION)
    assert await intake.commit(replace(INVOCATION, id="invocation-2")) is False
    assert await rows(log) == [INVOCATION]


async def test_a_write_that_fails_is_said_to_have_failed(
    database: AsyncEngine, log: Invocations, tasks: Tasks
) -> None:
    async with database.connect() as connection:
        await connection.execute(text("DROP TABLE invocations"))
    with pytest.raises(LogUnavailable, match="no such table"):
        await Intake(log, tasks).commit(INVOCATION)


def test_slack_hears_before_it_gives_up_after_three_seconds() -> None:
    assert BUSY_MILLISECONDS / 1000 < COMMIT_SECONDS < 3


async def test_a_locked_log_is_said_to_be_locked(log: Invocations, tasks: Tasks, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable):
            await Intake(log, tasks).commit(INVOCATION)
    await tasks.idle()
    assert await rows(log) == []


async def test_a_write_that_is_too_slow_is_called_off_and_ends_as_refused(
    slow_log: SlowLog, tasks: Tasks
) -> None:
    with pytest.raises(LogUnavailable, match="The log takes too long to write"):
        await Intake(slow_log, tasks, seconds=0.05).commit(INVOCATION)
    assert await rows(slow_log) == []
    slow_log.free.set()
    await tasks.idle()
    assert await rows(slow_log) == [
        replace(
            INVOCATION,
            status=Status.REFUSED,
            reason="The log took too long to write, so nothing was started.",
            deadline=None,
        )
    ]


async def test_help_that_was_written_too_late_stays_help(slow_log: SlowLog, tasks: Tasks) -> None:
    asked = replace(INVOCATION, action=Action.HELP, status=Status.HELP)
    with pytest.raises(LogUnavailable):
        await Intake(slow_log, tasks, seconds=0.05).commit(asked)
    slow_log.free.set()
    await tasks.idle()
    assert await rows(slow_log) == [asked]


async def test_a_late_write_of_a_delivery_that_is_there_already_changes_nothing(
    log: Invocations, slow_log: SlowLog, tasks: Tasks
) -> None:
    await log.record(INVOCATION)
    with pytest.raises(LogUnavailable):
        await Intake(slow_log, tasks, seconds=0.05).commit(replace(INVOCATION, id="invocation-2"))
    slow_log.free.set()
    await tasks.idle()
    assert await rows(log) == [INVOCATION]


async def test_whoever_stops_waiting_does_not_stop_the_write(slow_log: SlowLog, tasks: Tasks) -> None:
    waiting = asyncio.create_task(Intake(slow_log, tasks, seconds=0.05).commit(INVOCATION))
    await asyncio.sleep(0.01)
    waiting.cancel()
    slow_log.free.set()
    await tasks.idle()
    assert waiting.cancelled()
    assert await rows(slow_log) == [INVOCATION]
