"""Claims on rows, and what happens to them when the work is interrupted."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from bot.durable.claims import AFTER_A_BUG, Claims
from bot.errors import DatabaseUnavailable
from bot.reasons import other
from bot.runtime.background import Tasks
from bot.store.database import Database
from tests.fakes import FlakyLog
from tests.jobs.outcome_world import START, row_of
from tests.metastudio.cloud import Clock


@pytest.fixture
async def log(database: Database) -> FlakyLog:
    """Return an invocation log with one row that is under way."""
    log = FlakyLog(database)
    await log.record(START)
    return log


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.advance(seconds=7)
    return clock


@pytest.fixture
def claims(log: FlakyLog, tasks: Tasks, clock: Clock) -> Claims:
    return Claims(log, tasks, now=clock)


Work = Callable[[], Coroutine[Any, Any, None]]


async def endless() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise RuntimeError("a bug")


async def without_the_log() -> None:
    raise DatabaseUnavailable(other("The database cannot be used: database is locked."))


EVERY_END = pytest.mark.parametrize(
    "work", [endless, broken, without_the_log], ids=["cut short", "a bug", "no log"]
)


async def test_a_row_is_in_hand_as_long_as_somebody_works_on_it(claims: Claims, tasks: Tasks) -> None:
    done = asyncio.Event()

    async def work() -> None:
        await done.wait()

    claims.take("i1", work())
    assert "i1" in claims
    assert "i2" not in claims
    await asyncio.sleep(0)
    assert "i1" in claims
    done.set()
    await tasks.idle()
    assert "i1" not in claims


async def test_work_that_is_done_leaves_the_row_as_the_work_left_it(
    claims: Claims, tasks: Tasks, log: FlakyLog
) -> None:
    async def work() -> None:
        """Finish with nothing left to release."""

    claims.take("i1", work())
    await tasks.idle()

    assert await row_of(log) == START


async def test_work_that_is_cut_short_can_be_taken_over_at_once(
    claims: Claims, tasks: Tasks, log: FlakyLog, clock: Clock
) -> None:
    claims.take("i1", endless())
    await asyncio.sleep(0)
    await tasks.cancel()

    assert await row_of(log) == replace(START, lease_until=clock())
    assert "i1" not in claims


async def test_work_that_fails_by_a_bug_is_looked_at_again_a_while_later(
    claims: Claims, tasks: Tasks, log: FlakyLog, clock: Clock
) -> None:
    claims.take("i1", broken())
    with capture_logs() as lines:
        await tasks.idle()

    assert await row_of(log) == replace(START, lease_until=clock() + AFTER_A_BUG)
    assert "i1" not in claims
    [line] = lines
    assert (line["event"], line["log_level"]) == ("the work on an invocation failed", "error")
    assert line["invocation_id"] == "i1"


async def test_work_that_the_log_does_not_let_go_on_can_be_taken_over_at_once(
    claims: Claims, tasks: Tasks, log: FlakyLog, clock: Clock
) -> None:
    claims.take("i1", without_the_log())
    with capture_logs() as lines:
        await tasks.idle()

    assert await row_of(log) == replace(START, lease_until=clock())
    assert [line["event"] for line in lines] == ["the work on an invocation waits for the database"]


@EVERY_END
async def test_where_the_log_fails_as_well_the_row_waits_for_its_lease(
    claims: Claims, tasks: Tasks, log: FlakyLog, work: Work
) -> None:
    log.refuses = 1
    with capture_logs() as lines:
        claims.take("i1", work())
        await tasks.drain(0.05)

    assert await row_of(log) == START
    assert "i1" not in claims
    assert lines[-1]["event"] == "not released, so the row waits until its lease has run out"
    assert "a task failed" not in {line["event"] for line in lines}


@EVERY_END
async def test_a_row_with_nothing_left_to_do_is_not_given_a_lease_again(
    claims: Claims, tasks: Tasks, log: FlakyLog, work: Work
) -> None:
    await log.release("i1", None)
    claims.take("i1", work())
    await tasks.drain(0.05)

    assert await row_of(log) == replace(START, lease_until=None)


async def test_one_row_that_fails_takes_no_other_with_it(claims: Claims, tasks: Tasks, log: FlakyLog) -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("the other")

    claims.take("i1", broken())
    claims.take("i2", work())
    await tasks.idle()

    assert done == ["the other"]


async def test_all_that_the_work_logs_names_the_row(claims: Claims, tasks: Tasks) -> None:
    bound: list[object] = []

    async def work() -> None:
        bound.append(structlog.contextvars.get_contextvars())

    claims.take("i1", work())
    await tasks.idle()

    assert bound == [{"invocation_id": "i1"}]
    assert structlog.contextvars.get_contextvars() == {}
