import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.arguments import JobRef, parse_job_value
from bot.domain.invocation import JobInvocation, JobState, Status
from bot.domain.job_list import JobList, Listed, Outside, OutsideJob
from bot.messages.buttons import RTC_ACCESS
from bot.messages.jobs import jobs_list, stop_only
from bot.messages.message import Message
from tests.fakes import buttons_of, changed, flat

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


def under_way(jobs: list[JobInvocation], **more: Any) -> JobList:
    return JobList(under_way=jobs, under_way_total=len(jobs), **more)


def everything(_action_id: str, _listed: Listed) -> bool:
    return True


@pytest.mark.parametrize("count", [0, 1, 3, 60])
def test_the_jobs_that_run_are_listed_each_with_a_button(
    count: int, running: Running, assert_golden: AssertGolden
) -> None:
    assert_golden(f"jobs_{count}", jobs_list(under_way(running(count)), NOW))


def test_each_button_stops_the_job_beside_it(running: Running) -> None:
    jobs = running(3)
    pressed = buttons_of(jobs_list(under_way(jobs), NOW))
    assert [parse_job_value(one["value"]).job_id for one in pressed] == [flat(job).job_id for job in jobs]


def test_the_jobs_that_are_too_many_are_counted(running: Running) -> None:
    message = jobs_list(under_way(running(60)), NOW)
    shown = len(buttons_of(message))
    assert shown >= 20
    assert message.blocks[-2]["text"]["text"] == f"and {60 - shown} more"
    assert message.text.startswith("60 avatar jobs are under way.\n")


@pytest.mark.parametrize("count", [0, 1, 60])
def test_jobs_that_are_not_shown_to_whoever_asks_are_counted(
    count: int, running: Running, wrong_with: Callable[[Message], list[str]]
) -> None:
    message = jobs_list(under_way(running(count), hidden=3), NOW)
    told = message.text if count else f"{message.text}\n"
    assert ("and 3 in private channels\n" if count else " 3 run in private channels.\n") in told
    assert wrong_with(message) == []
    assert not count or "and 3 in private channels" in json.dumps(message.blocks[-1])
    guests = jobs_list(under_way(running(count), hidden=1), NOW, hidden_in="other channels")
    assert ("and 1 in other channels" if count else " 1 runs in other channels.") in guests.text


def test_with_short_ids_there_are_as_many_as_blocks_allow(running: Running) -> None:
    jobs = [changed(job, room_id="r", job_id=f"j{job.origin.user_id}", region=None) for job in running(60)]
    message = jobs_list(under_way(jobs), NOW)
    assert len(buttons_of(message)) == 45
    assert message.blocks[-2]["text"]["text"] == "and 15 more"


def test_every_kind_of_job_is_listed_with_what_its_person_may_do(
    invocation: JobInvocation, running: Running, assert_golden: AssertGolden
) -> None:
    noon = invocation.created_at
    starting = changed(invocation, status=Status.STARTING, room_name="Lobby kiosk", region=None)
    unknown = changed(invocation, id="u1", status=Status.UNKNOWN, room_name="Boardroom")
    [runs] = running(1)
    runs = changed(runs, room_name="Atrium", message_channel="C0AVATARS1", message_ts="1767268800.000100")
    ended = changed(
        runs,
        id="e1",
        room_id="gallery",
        room_name="Gallery",
        job_state=JobState.FAILED,
        ended_at=noon + timedelta(minutes=7),
    )
    outside = OutsideJob(
        room_id="hall", job_id="job-9", state=JobState.RUNNING, room_name="Hall <1>", since=noon
    )
    listed = JobList(
        under_way=[starting, runs],
        unknown=[unknown],
        ended=[ended, changed(ended, id="e2", room_id=flat(runs).room_id, room_name="Atrium")],
        outside=[outside],
        under_way_total=2,
        ended_total=2,
        looked_outside=Outside.ALL,
    )
    url = "https://example.slack.com/"
    assert_golden("jobs_of_every_kind", jobs_list(listed, NOW, may=everything, workspace_url=url))
    for_many = jobs_list(listed, NOW, may=stop_only)
    assert [each["text"]["text"] for each in buttons_of(for_many)] == ["Stop", "Stop"]


def test_where_jobs_of_outside_may_be_missing_the_list_says_so(running: Running) -> None:
    some = jobs_list(under_way(running(2), looked_outside=Outside.SOME), NOW)
    assert some.text.endswith("jobs started outside Slack may be missing.")
    none = jobs_list(JobList(looked_outside=Outside.SOME), NOW)
    assert none.text.endswith("jobs started outside Slack may be missing.")
    assert jobs_list(JobList(looked_outside=Outside.ALL), NOW).text == "No avatar job is running."


def test_what_has_ended_comes_last_and_gives_way(running: Running) -> None:
    ended = [changed(job, job_state=JobState.ENDED, ended_at=NOW) for job in running(60)]
    message = jobs_list(JobList(ended=ended, ended_total=90), NOW)
    assert message.text.startswith("No avatar job is under way, 90 ended in the last hour.\n")
    shown = sum("ended normally" in line for line in message.text.splitlines())
    assert f"and {90 - shown} more" in message.text
    full = jobs_list(under_way(running(60), ended=ended, ended_total=60), NOW)
    assert "ended normally" not in json.dumps(full.blocks)


def test_only_the_jobs_that_are_shown_are_made(running: Running) -> None:
    asked: list[Listed] = []

    def may(action_id: str, listed: Listed) -> bool:
        asked.append(listed)
        return action_id == RTC_ACCESS

    message = jobs_list(under_way(running(600)), NOW, may=may)
    assert len(asked) < 2 * 50
    assert len(message.blocks) <= 50


def test_two_buttons_stand_in_a_row_of_their_own(
    running: Running, wrong_with: Callable[[Message], list[str]]
) -> None:
    message = jobs_list(under_way(running(60)), NOW, may=everything)
    assert wrong_with(message) == []
    assert [each["text"]["text"] for each in buttons_of(message)][:2] == ["Stop", "RTC access"]
    assert sum(block["type"] == "actions" for block in message.blocks) >= 15


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
    message = jobs_list(under_way(jobs), invocation.created_at + age)
    assert wrong_with(message) == []
    written = json.dumps(message.arguments()).replace("<!date^", "")
    assert "<!" not in written
    shown = sum("accessory" in block for block in message.blocks)
    assert shown <= sum(JobRef.of(job.request.room_id, job.job.job_id) is not None for job in jobs)
