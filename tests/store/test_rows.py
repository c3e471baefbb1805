"""Rows and invocations: what a column is, and what a step writes, is what the parts say."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import steps
from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Source, Status
from bot.errors import Answer
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.rows import NAMES, SECRET_COLUMNS, invocation_of, values_of, values_of_step
from bot.store.tables import invocations
from tests.fakes import an_invocation, changed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)

BARE = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.HELP,
    source=Source.COMMAND,
    status=Status.DONE,
    user_id="U0MEI00001",
)
START = changed(
    BARE,
    action=Action.START,
    status=Status.STARTING,
    foreign_team_id="T2",
    team_id="T1",
    enterprise_id="E1",
    channel_id="C1",
    channel_kind=ChannelKind.PUBLIC,
    text="lobby",
    room_id="lobby",
    room_name="Lobby",
    region="cn-north-4",
    room_type="RTC",
    client_id="desk-7",
    previous_id="i0",
    after_job_id="job-0",
    reason=reason(Code.NO_ANSWER_IN_TIME, seconds=30),
    http_status=504,
    error_code="APIG.0201",
    error_msg="Backend timeout.",
    request_id="r0",
    latency_ms=30_000,
    trigger_id="t1",
    response_url="https://hooks.slack.com/commands/T1/1/x",
    message_channel="C1",
    message_ts="1.2",
    announced_at=NOON,
    lease_until=NOON,
)
WITH_JOB = changed(
    START,
    job_id="j1",
    job_state=JobState.RUNNING,
    configuration="{}",
    started_at=NOON,
    adopted_at=NOON,
    ended_at=LATER,
)

ANSWER = Answer(202, "MSS.0", "none", "r1")
REGION = "cn-southwest-2"
WHY = reason(Code.NO_TURN, seconds=30)
STEPS: list[tuple[Invocation, steps.Step]] = [
    (START, steps.Starting(lease_until=LATER)),
    (START, steps.Started(job_id="j1", started_at=NOON, region=REGION, answer=ANSWER, latency_ms=5)),
    (START, steps.Adopted(job_id="j1", started_at=NOON, region=REGION, configuration="{}")),
    (START, steps.Unknown(reason=WHY, answer=ANSWER, latency_ms=5, lease_until=LATER)),
    (START, steps.Failed(reason=WHY, answer=ANSWER, forgets_address=True)),
    (START, steps.Refused(reason=WHY)),
    (START, steps.Refused(reason=WHY, frees_button=True)),
    (WITH_JOB, steps.Done(answer=ANSWER, job_state=JobState.STOPPED)),
    (WITH_JOB, steps.Done(forgets_address=True)),
]


@pytest.mark.parametrize("row", [BARE, START, WITH_JOB], ids=["bare", "start", "with job"])
def test_an_invocation_comes_back_from_its_row_as_it_was(row: Invocation) -> None:
    values = values_of(row)
    assert invocation_of([values[name] for name in NAMES]) == row


def test_a_row_has_all_columns_of_the_table() -> None:
    assert sorted(NAMES) == sorted(values_of(WITH_JOB)) == sorted(column.name for column in invocations.c)
    assert None not in values_of(WITH_JOB).values()


def test_what_works_as_a_key_is_shown_to_nobody() -> None:
    assert {"trigger_id", "response_url"} == SECRET_COLUMNS
    assert "hooks.slack.com" not in repr(WITH_JOB)


@pytest.mark.parametrize(
    ("row", "step"), STEPS, ids=[f"{type(step).__name__} {number}" for number, (_, step) in enumerate(STEPS)]
)
def test_a_step_writes_what_it_says_of_the_invocation(row: Invocation, step: steps.Step) -> None:
    written = values_of(row) | {"status": step.status} | values_of_step(step)
    assert written == values_of(step.applied_to(row))
