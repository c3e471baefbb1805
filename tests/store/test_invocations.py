import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.errors import Answer
from bot.reasons import other
from bot.store.invocations import Invocations
from tests.fakes import an_invocation, changed
from tests.steps import NOON, note_told, step_to

New = Callable[..., Invocation]


async def rows(log: Invocations, **wanted: Any) -> list[Invocation]:
    return [row async for row in log.find(**wanted)]


async def test_a_row_comes_back_as_it_was_recorded(log: Invocations) -> None:
    now = datetime(2026, 7, 1, 8, 30, 15, 123456, tzinfo=UTC)
    full = an_invocation(
        id="0198c0de",
        created_at=now,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.STARTED,
        team_id="T1",
        enterprise_id="E1",
        channel_id="C1",
        user_id="U1",
        text="room-1 cn-north-4 👋 – “quoted”\n'; DROP TABLE invocations; --",
        room_id="room-1",
        region="cn-north-4",
        room_type="RTC",
        client_id="desk-7",
        reason=other("It was time."),
        http_status=202,
        error_code="MSS.0",
        error_msg="none",
        request_id="r1",
        job_id="j1",
        job_state=JobState.RUNNING,
        configuration='{"chat_video_type":"COMPUTER","voice_config_list":[{"language_desc":"中文"}]}',
        latency_ms=1234,
        trigger_id="t1",
        response_url="https://hooks.slack.com/commands/T1/1/x",
        message_channel="C1",
        message_ts="1.2",
        announced_at=now + timedelta(seconds=2),
        lease_until=now + timedelta(minutes=1),
    )
    assert await log.record(full)
    assert await rows(log) == [full]


async def test_what_is_not_known_stays_unknown(log: Invocations, an_invocation: New) -> None:
    bare = an_invocation(trigger_id=None)
    await log.record(bare)
    assert await rows(log) == [bare]


async def test_the_same_delivery_is_recorded_once(log: Invocations, an_invocation: New) -> None:
    first = an_invocation(trigger_id="13345224609.738474920")
    again = an_invocation(trigger_id="13345224609.738474920")
    assert await log.record(first) is True
    assert await log.record(again) is False
    assert await rows(log) == [first]


async def test_deliveries_without_a_trigger_are_all_recorded(log: Invocations, an_invocation: New) -> None:
    assert await log.record(an_invocation(trigger_id=None))
    assert await log.record(an_invocation(trigger_id=None))
    assert len(await rows(log)) == 2


async def test_of_many_deliveries_at_once_one_is_recorded(
    log: Invocations, logs: list[Invocations], an_invocation: New
) -> None:
    deliveries = (each.record(an_invocation(trigger_id="the same")) for each in logs)
    outcomes = await asyncio.gather(*deliveries)
    assert sorted(outcomes) == [False] * 19 + [True]
    assert len(await rows(log)) == 1


async def test_a_row_advances_with_what_became_known(log: Invocations, an_invocation: New) -> None:
    received = an_invocation(room_id="lobby", lease_until=datetime(2026, 1, 1, 13, tzinfo=UTC))
    await log.record(received)
    starting = await log.advance(received, step_to(Status.STARTING))
    assert starting is not None
    step = step_to(
        Status.STARTED,
        job_id="j1",
        region="cn-north-4",
        latency_ms=420,
        answer=Answer(202, request_id="request-1"),
    )
    started = await log.advance(starting, step)
    assert started == changed(
        received,
        status=Status.STARTED,
        job_id="j1",
        job_state=JobState.ACCEPTED,
        region="cn-north-4",
        started_at=NOON,
        latency_ms=420,
        http_status=202,
        request_id="request-1",
        lease_until=None,
    )
    assert await rows(log) == [started]


async def test_a_step_from_another_state_is_refused_and_changes_nothing(
    log: Invocations, an_invocation: New
) -> None:
    received = an_invocation()
    await log.record(received)
    starting = await log.advance(received, step_to(Status.STARTING))
    assert await log.advance(received, step_to(Status.REFUSED, reason=other("too late"))) is None
    assert await rows(log) == [starting]


async def test_a_row_that_is_not_there_cannot_advance(log: Invocations, an_invocation: New) -> None:
    assert await log.advance(an_invocation(), step_to(Status.STARTING)) is None
    assert await rows(log) == []


async def test_of_twenty_who_take_the_same_step_one_does(
    log: Invocations, logs: list[Invocations], an_invocation: New
) -> None:
    received = an_invocation()
    await log.record(received)
    outcomes = await asyncio.gather(
        *(
            each.advance(received, step_to(Status.REFUSED, reason=other(f"taken by {number}")))
            for number, each in enumerate(logs)
        )
    )
    [winner] = [outcome for outcome in outcomes if outcome is not None]
    assert await rows(log) == [winner]


async def test_an_announced_row_knows_its_message_and_forgets_its_response_url(
    log: Invocations, an_invocation: New
) -> None:
    told, other = an_invocation(response_url="https://a"), an_invocation(response_url="https://b")
    await log.record(told)
    await log.record(other)
    at = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    await note_told(log, told, at, channel="C1", ts="1700000000.000100")
    assert await rows(log) == [
        other,
        changed(
            told, announced_at=at, message_channel="C1", message_ts="1700000000.000100", response_url=None
        ),
    ]


async def test_one_row_can_be_asked_for(log: Invocations, an_invocation: New) -> None:
    row = an_invocation()
    await log.record(row)
    await log.record(an_invocation())
    assert await log.get(row.id) == row
    assert await log.get("another") is None


async def test_only_old_response_urls_are_forgotten(log: Invocations, an_invocation: New) -> None:
    old, young = an_invocation(response_url="https://a"), an_invocation(response_url="https://b")
    await log.record(old)
    await log.record(young)
    await log.forget_response_urls(before=young.created_at)
    assert await rows(log) == [young, changed(old, response_url=None)]


async def test_checking_that_the_log_can_be_written_changes_nothing(
    log: Invocations, an_invocation: New
) -> None:
    row = an_invocation(reason=other("kept"))
    await log.record(row)
    await log.check_writable()
    assert await rows(log) == [row]


@pytest.fixture
async def history(log: Invocations, an_invocation: New) -> list[Invocation]:
    """Add four rows, and return them newest first. The two in the middle are of the same minute."""
    oldest = an_invocation(user_id="U1", status=Status.STARTED)
    second = an_invocation(user_id="U2", status=Status.FAILED)
    third = an_invocation(user_id="U1", status=Status.FAILED, created_at=second.created_at)
    newest = an_invocation(user_id="U2", status=Status.STARTED)
    for row in (third, newest, oldest, second):
        await log.record(row)
    return [newest, second, third, oldest]


async def test_the_newest_rows_come_first(log: Invocations, history: list[Invocation]) -> None:
    assert await rows(log) == history
    assert await rows(log, limit=2) == history[:2]
    assert await rows(log, limit=0) == []


async def test_rows_can_be_asked_for_by_time_person_and_status(
    log: Invocations, history: list[Invocation]
) -> None:
    newest, second, third, oldest = history
    assert await rows(log, since=second.created_at) == [newest, second, third]
    assert await rows(log, user_id="U1") == [third, oldest]
    assert await rows(log, status=Status.FAILED) == [second, third]
    assert await rows(log, user_id="U1", status=Status.FAILED, since=oldest.created_at, limit=1) == [third]
    assert await rows(log, user_id="nobody") == []


async def test_a_reader_may_stop_half_way(log: Invocations, history: list[Invocation]) -> None:
    async with aclosing(cast("AsyncGenerator[Invocation]", log.find())) as reader:
        async for row in reader:
            assert row == history[0]
            break
    await log.check_writable()


@pytest.mark.parametrize("hours", [-9, 0, 8])
async def test_times_keep_their_instant_and_come_back_in_utc(
    log: Invocations, an_invocation: New, hours: int
) -> None:
    local = datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=hours)))
    await log.record(an_invocation(created_at=local, lease_until=local + timedelta(seconds=30)))
    [row] = await rows(log, since=local)
    assert (row.created_at, row.lease_until) == (local, local + timedelta(seconds=30))
    assert row.created_at.tzinfo == UTC
    assert await rows(log, since=local + timedelta(microseconds=1)) == []


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00", "\ufffd"),
        ("end\ud83d", "end\ufffd"),
        ("\ud83d\udc4b", "👋"),
        ("x" * 100_000, "x" * 100_000),
    ],
)
async def test_text_that_a_database_refuses_is_kept_as_far_as_it_can_be(
    log: Invocations, an_invocation: New, typed: str, kept: str
) -> None:
    await log.record(an_invocation(text=typed, user_id=typed))
    [row] = await rows(log, user_id=typed)
    assert (row.text, row.origin.user_id) == (kept, kept)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(exclude_categories=[])))
async def test_no_text_is_too_strange_for_the_log(log: Invocations, an_invocation: New, text: str) -> None:
    row = an_invocation(text=text, reason=other(text), error_msg=text)
    assert await log.record(row)
    [kept, *_] = await rows(log)
    assert kept.id == row.id
    assert kept.text == kept.answer.error_msg
    assert kept.reason == row.reason
    assert (
        kept.text.encode()
        == text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    )
