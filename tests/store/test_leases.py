"""Leases for work of one process at a time, and the takeover by a new process."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.invocation import Invocation, Status
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import Leases, inherit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TERM = timedelta(seconds=15)

New = Callable[..., Invocation]


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database)


async def hold(leases: Leases, holder: str, now: datetime, *, name: str = "watcher") -> bool:
    return await leases.claim(name, holder, now=now, until=now + TERM)


async def test_a_lease_is_held_by_one_at_a_time(leases: Leases) -> None:
    assert await hold(leases, "one", NOON)
    assert not await hold(leases, "two", NOON + SECOND)


async def test_a_lease_that_is_renewed_does_not_run_out(leases: Leases) -> None:
    assert await hold(leases, "one", NOON)
    assert await hold(leases, "one", NOON + 10 * SECOND)
    assert not await hold(leases, "two", NOON + TERM + SECOND)


async def test_a_lease_that_has_run_out_is_anybodys(leases: Leases) -> None:
    assert await hold(leases, "one", NOON)
    assert not await hold(leases, "two", NOON + TERM - SECOND)
    assert await hold(leases, "two", NOON + TERM)
    assert not await hold(leases, "one", NOON + TERM + SECOND)


async def test_who_held_a_lease_last_may_have_it_back_after_it_has_run_out(leases: Leases) -> None:
    assert await hold(leases, "one", NOON)
    assert await hold(leases, "one", NOON + 2 * TERM)


async def test_a_lease_that_was_taken_before_a_clock_was_set_back_is_anybodys(leases: Leases) -> None:
    assert await hold(leases, "one", NOON + timedelta(days=1))
    assert await hold(leases, "two", NOON)


async def test_a_lease_that_is_released_is_free_at_once(leases: Leases) -> None:
    await hold(leases, "one", NOON)
    await leases.release("watcher", "one")
    assert await hold(leases, "two", NOON)


async def test_nobody_can_release_what_another_holds(leases: Leases) -> None:
    await hold(leases, "one", NOON)
    await leases.release("watcher", "two")
    assert not await hold(leases, "two", NOON)


async def test_releasing_what_was_never_held_is_harmless(leases: Leases) -> None:
    await leases.release("watcher", "one")


async def test_leases_of_different_names_have_nothing_to_do_with_each_other(leases: Leases) -> None:
    assert await hold(leases, "one", NOON)
    assert await hold(leases, "two", NOON, name="sweep")
    await leases.release("sweep", "two")
    assert not await hold(leases, "two", NOON)


async def test_of_twenty_who_want_a_lease_at_once_one_has_it(
    database: Database, other_database: Database
) -> None:
    for turn in range(5):
        now = NOON + turn * TERM
        held = await asyncio.gather(
            *(
                hold(Leases(other_database if number % 2 else database), f"{turn}-{number}", now)
                for number in range(20)
            )
        )
        assert sorted(held) == [False] * 19 + [True]


class TestInheriting:
    @pytest.fixture
    async def left_behind(self, log: Invocations, leases: Leases, an_invocation: New) -> list[Invocation]:
        """Add two claimed rows of a process with a lease, one of them overdue, and a row that is done."""
        rows = [
            an_invocation(lease_until=NOON + timedelta(seconds=40)),
            an_invocation(status=Status.UNKNOWN, lease_until=NOON + timedelta(hours=6)),
            an_invocation(lease_until=NOON - SECOND),
            an_invocation(status=Status.DONE),
        ]
        for row in rows:
            await log.record(row)
        await hold(leases, "the one before", NOON)
        return rows

    @pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
    async def test_with_sqlite_a_new_process_takes_over_all_that_was_in_hand(
        self, database: Database, log: Invocations, leases: Leases, left_behind: list[Invocation]
    ) -> None:
        await inherit(database, NOON)
        started, unknown, overdue, done = left_behind
        assert [row async for row in log.find()] == [
            done,
            overdue,
            replace(unknown, lease_until=NOON),
            replace(started, lease_until=NOON),
        ]
        assert await hold(leases, "the new one", NOON)

    @pytest.mark.parametrize("database_url", ["postgresql_url"], indirect=True, ids=["PostgreSQL"])
    async def test_with_postgresql_a_new_process_waits_for_the_leases(
        self, database: Database, log: Invocations, leases: Leases, left_behind: list[Invocation]
    ) -> None:
        await inherit(database, NOON)
        assert [row async for row in log.find()] == left_behind[::-1]
        assert not await hold(leases, "the new one", NOON)
