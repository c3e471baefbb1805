"""Of two equal starts within moments only one is recorded."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.invocation import Action, JobInvocation, JobState, Source, Status
from bot.store.duplicates import DUPLICATE_TIME
from bot.store.invocations import Invocations
from tests.steps import step_to

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROUNDS = 25

Start = Callable[..., JobInvocation]


@pytest.fixture
def a_start(an_invocation: Start) -> Start:
    """Return a function that makes starts of the room `lobby` in Beijing at noon, with the test's values."""

    def make(**changes: Any) -> JobInvocation:
        lobby = {"room_id": "lobby", "region": "cn-north-4", "created_at": NOON}
        return an_invocation(**(lobby | changes))

    return make


async def ids(log: Invocations) -> set[str]:
    return {row.id async for row in log.find()}


async def test_a_second_start_of_the_same_room_and_region_is_not_recorded(
    log: Invocations, a_start: Start
) -> None:
    first = a_start(user_id="U1")
    second = a_start(user_id="U2", created_at=NOON + timedelta(days=3))
    assert await log.record(first, unless_duplicate=True) is True
    assert await log.record(second, unless_duplicate=True) is False
    assert await ids(log) == {first.id}
    assert await log.find_duplicate(second) == first


async def test_the_first_of_its_kind_has_no_duplicate(log: Invocations, a_start: Start) -> None:
    assert await log.find_duplicate(a_start()) is None


async def test_who_names_no_region_means_any(log: Invocations, a_start: Start) -> None:
    assert await log.record(a_start(region=None), unless_duplicate=True)
    assert not await log.record(a_start(region=None), unless_duplicate=True)
    assert not await log.record(a_start(), unless_duplicate=True)


async def test_what_differs_or_takes_no_channel_is_no_duplicate(log: Invocations, a_start: Start) -> None:
    differences: tuple[dict[str, Any], ...] = (
        {"room_id": "atrium"},
        {"region": "cn-southwest-2"},
        {"team_id": "T2"},
        {"client_id": "desk-7"},
        {"status": Status.STARTED, "started_at": NOON, "job_state": JobState.STOPPED},
        {"status": Status.STARTED, "started_at": NOON - DUPLICATE_TIME},
        {"status": Status.STARTED, "started_at": NOON + DUPLICATE_TIME},
        {"status": Status.STARTED},
        {"status": Status.FAILED},
        {"status": Status.REFUSED},
        {"status": Status.INVALID},
        {"action": Action.STOP},
        {"action": Action.LOOK},
    )
    for difference in differences:
        await log.record(a_start(**difference))
    start = a_start()
    assert await log.find_duplicate(start) is None
    assert await log.record(start, unless_duplicate=True)


async def test_a_start_that_takes_or_may_take_a_channel_has_duplicates(
    log: Invocations, a_start: Start
) -> None:
    for status in (Status.RECEIVED, Status.STARTING, Status.STARTED, Status.UNKNOWN):
        started_at = NOON if status is Status.STARTED else None
        await log.record(a_start(status=status, started_at=started_at, room_id=status.value))
        assert not await log.record(a_start(room_id=status.value), unless_duplicate=True)


@pytest.mark.parametrize("away", [-1, 1])
async def test_a_start_has_duplicates_for_ten_seconds_after_its_job_has_started(
    log: Invocations, a_start: Start, away: int
) -> None:
    long_ago = NOON - timedelta(minutes=5)
    await log.record(a_start(created_at=long_ago, status=Status.STARTED, started_at=NOON))
    almost = away * (DUPLICATE_TIME - timedelta(microseconds=1))
    assert not await log.record(a_start(created_at=NOON + almost), unless_duplicate=True)
    assert await log.record(a_start(created_at=NOON + away * DUPLICATE_TIME), unless_duplicate=True)


async def test_a_button_is_used_once_by_whomever_and_however_late(log: Invocations, a_start: Start) -> None:
    unknown = a_start(status=Status.UNKNOWN)
    await log.record(unknown)
    used = a_start(previous_id=unknown.id)
    assert await log.record(used)
    for changes in ({"user_id": "U2"}, {"created_at": NOON + timedelta(days=30)}):
        assert not await log.record(a_start(previous_id=unknown.id, **changes))
    assert await log.next_of(unknown.id) == used
    assert await log.next_of(used.id) is None


async def test_an_unknown_start_whose_button_was_used_is_in_the_way_again_once_that_made_no_job(
    log: Invocations, a_start: Start
) -> None:
    unknown = a_start(status=Status.UNKNOWN)
    await log.record(unknown)
    again = a_start(previous_id=unknown.id)
    await log.record(again)
    assert await log.find_duplicate(a_start()) == again
    await log.advance(again, step_to(Status.FAILED))
    assert await log.find_duplicate(a_start()) == unknown


async def test_of_twenty_who_press_one_button_at_once_one_does(
    log: Invocations, logs: list[Invocations], a_start: Start
) -> None:
    presses = [a_start(previous_id="the button's row") for _ in logs]
    recorded = await asyncio.gather(*(each.record(press) for each, press in zip(logs, presses, strict=True)))
    assert sorted(recorded) == [False] * 19 + [True]


async def test_duplicates_are_recorded_where_nobody_minds(log: Invocations, a_start: Start) -> None:
    assert await log.record(a_start())
    assert await log.record(a_start())


async def test_a_command_after_a_button_is_a_duplicate(log: Invocations, a_start: Start) -> None:
    await log.record(a_start(source=Source.BUTTON))
    assert not await log.record(a_start(), unless_duplicate=True)


async def test_the_latest_duplicate_is_the_one_that_is_found(log: Invocations, a_start: Start) -> None:
    await log.record(a_start())
    later = a_start(created_at=NOON + timedelta(seconds=2))
    await log.record(later)
    assert await log.find_duplicate(a_start(created_at=NOON + timedelta(seconds=3))) == later


async def test_the_same_delivery_of_a_start_is_recorded_once_and_is_its_own_duplicate(
    log: Invocations, a_start: Start
) -> None:
    first = a_start(trigger_id="the same")
    assert await log.record(first, unless_duplicate=True)
    again = a_start(trigger_id="the same")
    assert not await log.record(again, unless_duplicate=True)
    assert await log.find_duplicate(again) == first


async def test_the_same_delivery_hours_later_is_still_recorded_once(log: Invocations, a_start: Start) -> None:
    await log.record(a_start(trigger_id="the same"), unless_duplicate=True)
    later = a_start(trigger_id="the same", created_at=NOON + timedelta(hours=1))
    assert not await log.record(later, unless_duplicate=True)


async def test_of_twenty_who_start_one_room_at_once_one_does(
    log: Invocations, logs: list[Invocations], a_start: Start
) -> None:
    for number in range(ROUNDS):
        starts = [a_start(room_id=f"room-{number}") for _ in logs]
        recorded = await asyncio.gather(
            *(each.record(start, unless_duplicate=True) for each, start in zip(logs, starts, strict=True))
        )
        assert sorted(recorded) == [False] * 19 + [True]
        [winner] = [start for start, was in zip(starts, recorded, strict=True) if was]
        assert await log.find_duplicate(starts[0]) == winner
    assert len(await ids(log)) == ROUNDS


async def test_twenty_who_start_different_rooms_at_once_all_do(
    log: Invocations, logs: list[Invocations], a_start: Start
) -> None:
    starts = [a_start(room_id=f"room-{number}") for number in range(20)]
    recorded = await asyncio.gather(
        *(each.record(start, unless_duplicate=True) for each, start in zip(logs, starts, strict=True))
    )
    assert recorded == [True] * 20
    assert await ids(log) == {start.id for start in starts}


async def test_a_start_that_fails_to_be_recorded_keeps_nobody_waiting(
    log: Invocations, a_start: Start
) -> None:
    first = a_start()
    await log.record(replace(first, status=Status.FAILED))
    [outcome] = await asyncio.gather(
        log.record(a_start(id=first.id, created_at=NOON + timedelta(hours=1)), unless_duplicate=True),
        return_exceptions=True,
    )
    assert "database_failed" in str(outcome)
    async with asyncio.timeout(5):
        assert await log.record(a_start(created_at=NOON + timedelta(hours=2)), unless_duplicate=True)
