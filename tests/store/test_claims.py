"""Claims: which process works on a row, until when, and which rows others may take over."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from structlog.testing import capture_logs

from bot.domain.invocation import Invocation, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.tables import FAR_AHEAD
from tests.fakes import changed
from tests.steps import note_told, step_to

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=40)

New = Callable[..., Invocation]


async def test_what_is_past_its_lease_is_overdue_the_longest_first(
    log: Invocations, an_invocation: New
) -> None:
    now_due = an_invocation(lease_until=NOON)
    long_due = an_invocation(lease_until=NOON - timedelta(hours=1))
    for row in (now_due, an_invocation(lease_until=LATER), an_invocation(), long_due):
        await log.record(row)
    assert await log.overdue(NOON, limit=10) == [long_due, now_due]
    assert await log.overdue(NOON, limit=1) == [long_due]
    assert await log.overdue(NOON - timedelta(days=1), limit=10) == []


async def test_a_row_that_is_held_is_not_overdue_until_then(log: Invocations, an_invocation: New) -> None:
    row = an_invocation(lease_until=NOON)
    await log.record(row)
    held = await log.claim(row, LATER)
    assert held == replace(row, lease_until=LATER)
    assert await log.overdue(NOON, limit=10) == []
    assert await log.overdue(LATER, limit=10) == [held]


async def test_who_holds_a_row_may_go_on_holding_it(log: Invocations, an_invocation: New) -> None:
    row = an_invocation(lease_until=NOON)
    await log.record(row)
    held = await log.claim(row, LATER)
    assert held is not None
    assert await log.claim(held, LATER + timedelta(minutes=1)) == replace(
        row, lease_until=LATER + timedelta(minutes=1)
    )


async def test_a_row_that_another_holds_cannot_be_held(log: Invocations, an_invocation: New) -> None:
    row = an_invocation(lease_until=NOON)
    await log.record(row)
    assert await log.claim(row, LATER)
    assert await log.claim(row, LATER + timedelta(seconds=1)) is None
    assert await log.get(row.id) == replace(row, lease_until=LATER)


async def test_a_row_that_has_moved_on_cannot_be_held(log: Invocations, an_invocation: New) -> None:
    row = an_invocation(lease_until=NOON)
    await log.record(row)
    moved = await log.advance(row, step_to(Status.STARTING))
    assert await log.claim(row, LATER) is None
    assert await log.get(row.id) == moved


async def test_a_row_with_nothing_left_to_do_cannot_be_held_by_who_thought_otherwise(
    log: Invocations, an_invocation: New
) -> None:
    row = an_invocation(lease_until=NOON)
    await log.record(row)
    await log.release(row.id, None)
    assert await log.claim(row, LATER) is None


async def test_of_twenty_who_take_a_row_over_one_does(
    log: Invocations, logs: list[Invocations], an_invocation: New
) -> None:
    for _ in range(5):
        row = an_invocation(lease_until=NOON)
        await log.record(row)
        untils = [LATER + timedelta(seconds=number) for number in range(20)]
        held = await asyncio.gather(
            *(each.claim(row, until) for each, until in zip(logs, untils, strict=True))
        )
        [winner] = [outcome for outcome in held if outcome is not None]
        assert await log.get(row.id) == winner


async def test_a_row_that_is_handed_over_may_be_taken_from_then_on(
    log: Invocations, an_invocation: New
) -> None:
    row = an_invocation(lease_until=LATER)
    await log.record(row)
    await log.release(row.id, NOON)
    assert await log.overdue(NOON, limit=10) == [replace(row, lease_until=NOON)]


async def test_a_row_that_is_handed_over_to_nobody_is_never_overdue(
    log: Invocations, an_invocation: New
) -> None:
    row = an_invocation(lease_until=NOON)
    await log.record(row)
    await log.release(row.id, None)
    assert await log.overdue(NOON, limit=10) == []


async def test_a_row_with_nothing_left_to_do_is_not_handed_over(log: Invocations, an_invocation: New) -> None:
    done = an_invocation()
    await log.record(done)
    await log.release(done.id, NOON)
    assert await log.get(done.id) == done


async def test_an_announced_row_is_not_overdue_any_more(log: Invocations, an_invocation: New) -> None:
    row, other = an_invocation(lease_until=NOON), an_invocation(lease_until=NOON)
    await log.record(row)
    await log.record(other)
    await note_told(log, row, NOON)
    assert await log.overdue(NOON, limit=10) == [other]
    assert await log.get(row.id) == changed(row, announced_at=NOON, lease_until=None)


async def test_rows_that_cannot_be_read_stand_in_nobodys_way_and_are_logged_once(
    database: Database, log: Invocations, an_invocation: New
) -> None:
    about_a_job = {"room_id": "lobby", "job_id": "job-1"}
    unreadable = [an_invocation(lease_until=NOON - timedelta(hours=1), **about_a_job) for _ in range(7)]
    readable = [an_invocation(lease_until=NOON, **about_a_job) for _ in range(3)]
    for row in (*unreadable, *readable):
        await log.record(row)
    columns = ("action", "source", "status", "channel_kind", "room_type", "job_state")
    async with database.connect() as connection:
        for number, row in enumerate(unreadable):
            column = columns[number % len(columns)]
            spoiling = text(f"UPDATE invocations SET {column} = 'of a newer version' WHERE id = :id")
            await connection.execute(spoiling, {"id": row.id})

    with capture_logs() as lines:
        for _ in range(3):
            assert len(await log.overdue(NOON, limit=2)) == 2
            assert {row.id for row in await log.overdue(NOON, limit=100)} == {row.id for row in readable}
    assert str(lines).count("an invocation cannot be read") == len(unreadable)


async def test_a_reason_whose_arguments_cannot_be_read_keeps_its_code(
    database: Database, log: Invocations, an_invocation: New
) -> None:
    row = an_invocation(lease_until=NOON, reason=reason(Code.NO_TURN, seconds=1.0))
    await log.record(row)
    for args in ("{", "[]", "[" * 100_000):
        async with database.connect() as connection:
            await connection.execute(text("UPDATE invocations SET reason_args = :args"), {"args": args})
        assert [each.reason for each in await log.overdue(NOON, limit=10)] == [reason(Code.NO_TURN)]


async def test_a_claim_that_was_noted_before_a_clock_was_set_back_is_over(
    log: Invocations, an_invocation: New
) -> None:
    row = an_invocation(lease_until=NOON + timedelta(days=1))
    held = an_invocation(lease_until=NOON + FAR_AHEAD)
    for each in (row, held):
        await log.record(each)
    await log.bring_back(NOON)
    assert await log.overdue(NOON, limit=10) == [changed(row, lease_until=NOON)]
    assert await log.get(held.id) == held
