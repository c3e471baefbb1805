import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.arguments import JobRef, parse_job_value
from bot.domain.invocation import JobInvocation, JobState
from bot.messages.jobs import jobs_list
from bot.messages.message import Message
from tests.fakes import changed, flat

AssertGolden = Callable[[str, Message], None]

NOW = datetime(2026, 1, 1, 12, 12, 30, tzinfo=UTC)


@pytest.fixture
def running(invocation: JobInvocation) -> Callable[[int], list[JobInvocation]]:
    """Jobs of several people, the newest first."""

    def several(count: int) -> list[JobInvocation]:
        return [
            changed(
                invocation,
                created_at=invocation.created_at - timedelta(minutes=number),
                user_id=f"U0MEI{number:05}",
                region=None if number == 1 else "cn-north-4",
                job_id=f"26f06524-4f75-4b3a-a853-{number:012}",
                job_state=(JobState.ACCEPTED, JobState.RUNNING, None)[number % 3],
            )
            for number in range(count)
        ]

    return several


Running = Callable[[int], list[JobInvocation]]


@pytest.mark.parametrize("count", [0, 1, 3, 60])
def test_the_jobs_that_run_are_listed_each_with_a_button(
    count: int, running: Running, assert_golden: AssertGolden
) -> None:
    assert_golden(f"jobs_{count}", jobs_list(running(count), count, NOW))


def stop_buttons(message: Message) -> list[dict[str, Any]]:
    return [block["accessory"] for block in message.blocks if "accessory" in block]


def test_each_button_stops_the_job_beside_it(running: Running) -> None:
    jobs = running(3)
    pressed = stop_buttons(jobs_list(jobs, len(jobs), NOW))
    assert [parse_job_value(one["value"]).job_id for one in pressed] == [flat(job).job_id for job in jobs]


def test_the_jobs_that_are_too_many_are_counted(running: Running) -> None:
    message = jobs_list(running(60), 60, NOW)
    shown = len(stop_buttons(message))
    assert shown >= 20
    assert message.blocks[-2]["text"]["text"] == f"and {60 - shown} more"
    assert message.text.startswith("60 avatar jobs are under way.\n")


@pytest.mark.parametrize("count", [0, 1, 60])
def test_jobs_that_are_not_shown_to_whoever_asks_are_counted(
    count: int, running: Running, wrong_with: Callable[[Message], list[str]]
) -> None:
    message = jobs_list(running(count), count, NOW, hidden=3)
    told = message.text if count else f"{message.text}\n"
    assert ("and 3 in private channels\n" if count else " 3 run in private channels.\n") in told
    assert wrong_with(message) == []
    assert not count or "and 3 in private channels" in json.dumps(message.blocks[-1])
    guests = jobs_list(running(count), count, NOW, hidden=1, hidden_in="other channels")
    assert ("and 1 in other channels" if count else " 1 runs in other channels.") in guests.text


def test_with_short_ids_there_are_as_many_as_blocks_allow(running: Running) -> None:
    jobs = [changed(job, room_id="r", job_id=f"j{job.origin.user_id}", region=None) for job in running(60)]
    message = jobs_list(jobs, len(jobs), NOW)
    assert len(stop_buttons(message)) == 45
    assert message.blocks[-2]["text"]["text"] == "and 15 more"


HOSTILE = (
    st.text(max_size=300)
    | st.text(alphabet="<>&`!@ \n", max_size=300)
    | st.sampled_from(["<!channel>", "`<!here>", "r" * 64, "j" * 128, "x" * 5000])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=3),
    times=st.sampled_from([1, 20]),
    age=st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=9)),
)
def test_whatever_stands_in_the_log_slack_takes_the_list_and_nobody_is_pinged(
    *,
    invocation: JobInvocation,
    wrong_with: Callable[[Message], list[str]],
    rows: list[tuple[str, str, str, str]],
    times: int,
    age: timedelta,
) -> None:
    jobs = [
        changed(invocation, room_id=room, job_id=job, region=region, user_id=user)
        for room, job, region, user in rows * times
    ]
    message = jobs_list(jobs, len(jobs), invocation.created_at + age)
    assert wrong_with(message) == []
    everything = json.dumps(message.arguments()).replace("<!date^", "")
    assert "<!" not in everything
    shown = sum("accessory" in block for block in message.blocks)
    assert shown <= sum(JobRef.of(job.request.room_id, job.job.job_id) is not None for job in jobs)
