"""Background tasks after an ack, and their end."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from bot.errors import DatabaseUnavailable
from bot.reasons import other
from bot.runtime.background import Tasks, repeat_in_background


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


async def test_draining_lets_work_finish(tasks: Tasks) -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.append("work")

    tasks.spawn(work())
    await tasks.drain(5)
    assert done == ["work"]


async def test_draining_waits_for_the_work_that_work_has_spawned(tasks: Tasks) -> None:
    done: list[str] = []

    async def second() -> None:
        await asyncio.sleep(0.02)
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0.02)
        tasks.spawn(second())
        done.append("first")

    tasks.spawn(first())
    await tasks.drain(5)
    assert done == ["first", "second"]


async def test_with_nothing_to_do_draining_takes_no_time(tasks: Tasks) -> None:
    with capture_logs() as logs:
        await tasks.drain(0)
    assert logs == []


async def test_what_is_not_done_within_the_limit_is_cancelled_and_may_say_so(tasks: Tasks) -> None:
    said: list[str] = []

    async def quick() -> None:
        await asyncio.sleep(0.01)
        said.append("quick is done")

    async def endless(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            said.append(f"{name} was cut short")

    tasks.spawn(quick())
    tasks.spawn(endless("one"))
    tasks.spawn(endless("another"))
    began = time.perf_counter()
    with capture_logs() as logs:
        await tasks.drain(0.1)
    assert 0.1 <= time.perf_counter() - began < 2
    assert sorted(said) == ["another was cut short", "one was cut short", "quick is done"]
    assert [(line["event"], line["tasks"]) for line in logs] == [("work is cut short", 2)]


async def test_work_that_is_cancelled_may_say_so_before_that_counts_as_done(tasks: Tasks) -> None:
    said: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            said.append("cut short")

    tasks.spawn(endless())
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await tasks.cancel()
    assert said == ["cut short"]
    assert logs == []


async def test_where_nothing_is_under_way_there_is_nothing_to_cancel(tasks: Tasks) -> None:
    await tasks.cancel()


async def test_a_task_that_fails_is_logged_and_takes_nothing_else_with_it(tasks: Tasks) -> None:
    done: list[str] = []

    async def fails() -> None:
        raise ValueError("out of order")

    async def works() -> None:
        await asyncio.sleep(0.02)
        done.append("works")

    with capture_logs() as logs:
        tasks.spawn(fails())
        tasks.spawn(works())
        await tasks.idle()
    assert done == ["works"]
    [line] = logs
    assert (line["event"], line["log_level"]) == ("a task failed", "error")
    assert str(line["exc_info"]) == "out of order"


async def test_a_cancelled_task_is_no_failure(tasks: Tasks) -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    with capture_logs() as logs:
        tasks.own(task)
        await asyncio.sleep(0)
        task.cancel()
        await tasks.idle()
    assert logs == []


async def test_a_task_that_somebody_waits_for_is_waited_for_here_as_well(tasks: Tasks) -> None:
    async def answer() -> str:
        await asyncio.sleep(0.02)
        return "42"

    task = asyncio.create_task(answer())
    tasks.own(task)
    await tasks.idle()
    assert task.done()
    assert await task == "42"


async def test_a_background_loop_continues_after_any_failure_until_it_is_cancelled() -> None:
    outcomes = iter([None, DatabaseUnavailable(other("database is locked")), RuntimeError("a bug"), None])
    pauses: list[float] = []

    async def work() -> None:
        if outcome := next(outcomes):
            raise outcome

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise asyncio.CancelledError

    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await repeat_in_background(work, every=7, sleep=sleep)

    assert pauses == [7, 7, 7, 7]
    assert [line["log_level"] for line in logs] == ["warning", "error"]
