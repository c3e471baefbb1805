"""The same start asked for twice within moments is recorded once, whoever asks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.model import Action, Invocation, JobState, Source, Status
from bot.store.invocations import Invocations
from bot.store.twins import TWIN_TIME

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROUNDS = 25

Start = Callable[..., Invocation]


@pytest.fixture
def a_start(an_invocation: Start) -> Start:
    """A start of the room `lobby` in Beijing at noon, different in what the test says."""

    def make(**changes: Any) -> Invocation:
        lobby = {"room_id": "lobby", "region": "cn-north-4", "created_at": NOON}
        return an_invocation(**(lobby | changes))

    return make


async def ids(log: Invocations) -> set[str]:
    return {row.id async for row in log.find()}


async def test_a_second_start_of_the_same_room_and_region_is_not_recorded(
    log: Invocations, a_start: Start
) -> None:
    first = a_start(user_id="U1")
    second = a_start(user_id="U2", created_at=NOON + TWIN_TIME - timedelta(microseconds=1))
    assert await log.record(first, unless_twin=True) is True
    assert await log.record(second, unless_twin=True) is False
    assert await ids(log) == {first.id}
    assert await log.find_twin(second) == first


async def test_the_first_of_its_kind_has_no_twin(log: Invocations, a_start: Start) -> None:
    assert await log.find_twin(a_start()) is None


async def test_who_names_no_region_means_any(log: Invocations, a_start: Start) -> None:
    assert await log.record(a_start(region=None), unless_twin=True)
    assert not await log.record(a_start(region=None), unless_twin=True)
    assert not await log.record(a_start(), unless_twin=True)


async def test_what_differs_or_takes_no_channel_is_no_twin(log: Invocations, a_start: Start) -> None:
    differences: tuple[dict[str, Any], ...] = (
        {"room_id": "atrium"},
        {"region": "cn-southwest-2"},
        {"status": Status.STARTED, "job_state": JobState.STOPPED},
        {"created_at": NOON - TWIN_TIME},
        {"created_at": NOON + TWIN_TIME},
        {"status": Status.FAILED},
        {"status": Status.REFUSED},
        {"status": Status.INVALID},
        {"action": Action.STOP},
        {"action": Action.LOOK},
    )
    for difference in differences:
        await log.record(a_start(**difference))
    start = a_start()
    assert await log.find_twin(start) is None
    assert await log.record(start, unless_twin=True)


async def test_a_start_that_takes_or_may_take_a_channel_has_twins(log: Invocations, a_start: Start) -> None:
    for status in (Status.RECEIVED, Status.STARTING, Status.STARTED, Status.UNKNOWN):
        await log.record(a_start(status=status, room_id=status.value))
        assert not await log.record(a_start(room_id=status.value), unless_twin=True)


async def test_a_clock_that_was_set_back_a_little_still_shows_the_twin(
    log: Invocations, a_start: Start
) -> None:
    await log.record(a_start())
    earlier = a_start(created_at=NOON - TWIN_TIME + timedelta(microseconds=1))
    assert not await log.record(earlier, unless_twin=True)


async def test_twins_are_recorded_where_nobody_minds(log: Invocations, a_start: Start) -> None:
    assert await log.record(a_start())
    assert await log.record(a_start())


async def test_a_button_says_that_another_one_is_wanted(log: Invocations, a_start: Start) -> None:
    await log.record(a_start())
    assert await log.record(a_start(source=Source.BUTTON), unless_twin=True)


async def test_the_same_button_clicked_twice_by_one_person_makes_twins(
    log: Invocations, a_start: Start
) -> None:
    clicked = a_start(source=Source.BUTTON, user_id="U1")
    assert await log.record(clicked, unless_twin=True)
    again = a_start(source=Source.BUTTON, user_id="U1")
    assert not await log.record(again, unless_twin=True)
    assert await log.find_twin(again) == clicked
    assert await log.record(a_start(source=Source.BUTTON, user_id="U2"), unless_twin=True)


async def test_a_command_after_a_button_is_a_twin(log: Invocations, a_start: Start) -> None:
    await log.record(a_start(source=Source.BUTTON))
    assert not await log.record(a_start(), unless_twin=True)


async def test_the_latest_twin_is_the_one_that_is_found(log: Invocations, a_start: Start) -> None:
    await log.record(a_start())
    later = a_start(created_at=NOON + timedelta(seconds=2))
    await log.record(later)
    assert await log.find_twin(a_start(created_at=NOON + timedelta(seconds=3))) == later


async def test_the_same_delivery_of_a_start_is_recorded_once_and_is_its_own_twin(
    log: Invocations, a_start: Start
) -> None:
    first = a_start(trigger_id="the same")
    assert await log.record(first, unless_twin=True)
    again = a_start(trigger_id="the same")
    assert not await log.record(again, unless_twin=True)
    assert await log.find_twin(again) == first


async def test_the_same_delivery_hours_later_is_still_recorded_once(log: Invocations, a_start: Start) -> None:
    await log.record(a_start(trigger_id="the same"), unless_twin=True)
    later = a_start(trigger_id="the same", created_at=NOON + timedelta(hours=1))
    assert not await log.record(later, unless_twin=True)


async def test_of_twenty_who_start_one_room_at_once_one_does(
    log: Invocations, logs: list[Invocations], a_start: Start
) -> None:
    for number in range(ROUNDS):
        starts = [a_start(room_id=f"room-{number}") for _ in logs]
        recorded = await asyncio.gather(
            *(each.record(start, unless_twin=True) for each, start in zip(logs, starts, strict=True))
        )
        assert sorted(recorded) == [False] * 19 + [True]
        [winner] = [start for start, was in zip(starts, recorded, strict=True) if was]
        assert await log.find_twin(starts[0]) == winner
    assert len(await ids(log)) == ROUNDS


async def test_twenty_who_start_different_rooms_at_once_all_do(
    log: Invocations, logs: list[Invocations], a_start: Start
) -> None:
    starts = [a_start(room_id=f"room-{number}") for number in range(20)]
    recorded = await asyncio.gather(
        *(each.record(start, unless_twin=True) for each, start in zip(logs, starts, strict=True))
    )
    assert recorded == [True] * 20
    assert await ids(log) == {start.id for start in starts}


async def test_a_start_that_fails_to_be_recorded_keeps_nobody_waiting(
    log: Invocations, a_start: Start
) -> None:
    first = a_start()
    await log.record(first)
    [outcome] = await asyncio.gather(
        log.record(a_start(id=first.id, created_at=NOON + timedelta(hours=1)), unless_twin=True),
        return_exceptions=True,
    )
    assert "The log cannot be used" in str(outcome)
    async with asyncio.timeout(5):
        assert await log.record(a_start(created_at=NOON + timedelta(hours=2)), unless_twin=True)
