"""The background loop that removes old rows: one process at a time, a little at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.invocation import Action, Source, Status
from bot.durable.retention import PRUNE_SECONDS, Retention
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import Leases
from bot.store.pruning import BATCH, Pruning
from tests.fakes import an_invocation

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)


class Times:
    """Clocks that only sleep moves, except that each look at the monotonic one takes 10 ms.

    The second pause between two rounds is cancelled.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.ticks = 0

    def now(self) -> datetime:
        return NOON + sum(self.slept) * SECOND

    def clock(self) -> float:
        self.ticks += 1
        return self.ticks / 100

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.slept.count(PRUNE_SECONDS) == 2:
            raise asyncio.CancelledError


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
async def log(database: Database) -> Invocations:
    """Add two batches of rows that are older than a month, and one that is not."""
    log = Invocations(database)
    ages = [MONTH + SECOND] * 2 * BATCH + [MONTH - SECOND]
    for number, age in enumerate(ages):
        row = an_invocation(
            id=f"{number:03}",
            created_at=NOON - age,
            action=Action.HELP,
            source=Source.COMMAND,
            status=Status.DONE,
            user_id="U1",
        )
        await log.record(row)
    return log


def a_retention(database: Database, times: Times, *, holder: str = "this process") -> Retention:
    return Retention(
        Pruning(database),
        Leases(database),
        age=MONTH,
        holder=holder,
        now=times.now,
        clock=times.clock,
        sleep=times.sleep,
    )


async def ids(log: Invocations) -> list[str]:
    return [row.id async for row in log.find()]


async def test_old_rows_go_at_the_start_and_every_hour(
    database: Database, log: Invocations, times: Times
) -> None:
    with capture_logs() as said, pytest.raises(asyncio.CancelledError):
        await a_retention(database, times).keep_pruning()
    assert times.slept[-1] == PRUNE_SECONDS
    pauses = {round(seconds, 3) for seconds in times.slept if seconds != PRUNE_SECONDS}
    assert pauses == {0.01}, "as long as each batch has taken"
    assert await ids(log) == []
    assert [line["rows"] for line in said if line["log_level"] == "info"] == [2 * BATCH, 1]


async def test_another_process_is_left_to_it(database: Database, log: Invocations, times: Times) -> None:
    leases = Leases(database)
    assert await leases.claim("pruning", "another", now=NOON, until=NOON + 60 * SECOND)
    await a_retention(database, times).prune()
    assert len(await ids(log)) == 2 * BATCH + 1

    await leases.release("pruning", "another")
    await a_retention(database, times).prune()
    assert len(await ids(log)) == 1
    assert await leases.claim("pruning", "another", now=NOON, until=NOON + 60 * SECOND), "it was released"


async def test_a_process_that_is_too_slow_for_its_lease_leaves_the_rest_to_the_other(
    database: Database, log: Invocations, times: Times
) -> None:
    slow = a_retention(database, times)

    async def oversleep(seconds: float) -> None:
        times.slept.append(600)
        now = times.now()
        assert await Leases(database).claim("pruning", "another", now=now, until=now + 60 * SECOND)

    slow._sleep = oversleep
    await slow.prune()
    assert len(await ids(log)) == BATCH + 1, "it removes nothing once the lease is lost"
