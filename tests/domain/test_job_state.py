"""Mapping MetaStudio's reports to job states, and the allowed changes of state."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.invocation import JobState
from bot.domain.job import JobReport
from bot.domain.job_state import NOBODY_JOINED, JobLife, life_of
from bot.errors import Answer

UNJOINED = Answer(error_code=NOBODY_JOINED, error_msg="no client")
CRASHED = Answer(error_code="MSS.00000004", error_msg="Internal Error")


def report(**fields: Any) -> JobReport:
    return JobReport.model_validate({"job_id": "job-1", **fields})


def told(answer: Answer) -> dict[str, str | None]:
    return {"error_code": answer.error_code, "error_msg": answer.error_msg}


@pytest.mark.parametrize(
    ("state", "stands"),
    [
        ("WAITING", JobState.ACCEPTED),
        ("PROCESSING", JobState.RUNNING),
        ("SUCCEED", JobState.ENDED),
        ("FAILED", JobState.FAILED),
        ("DELETING", JobState.ENDED),
    ],
)
def test_each_documented_state_is_one_of_ours(state: str, stands: JobState) -> None:
    for written in (state, state.lower(), state.title()):
        life = life_of(report(state=written))
        assert life
        assert life.state is stands


@pytest.mark.parametrize("state", [None, "", "SLEEPING", 7, "SUCCEED "])
def test_a_state_that_nobody_documented_tells_nothing(state: Any) -> None:
    assert life_of(report(state=state)) is None
    assert life_of(report(state=state, job_finish_reason="NORMAL"), stopped_by="U1") is None


def test_a_running_job_tells_for_how_long() -> None:
    assert life_of(report(state="PROCESSING", duration=12.5)) == JobLife(JobState.RUNNING, 12.5)


@pytest.mark.parametrize(
    ("reason", "stands"),
    [
        ("NORMAL", JobState.ENDED),
        ("MUTE_TIMEOUT", JobState.SILENT),
        ("mute_timeout", JobState.SILENT),
        (None, JobState.ENDED),
        ("a later reason", JobState.ENDED),
    ],
)
@pytest.mark.parametrize("state", ["SUCCEED", "DELETING"])
def test_a_job_that_ended_by_itself_tells_why(state: str, reason: str | None, stands: JobState) -> None:
    ended = report(state=state, duration=61, job_finish_reason=reason)
    assert life_of(ended) == JobLife(stands, 61)


@pytest.mark.parametrize("state", ["FAILED", "SUCCEED", "DELETING"])
def test_a_job_that_nobody_joined_did_not_fail(state: str) -> None:
    unjoined = report(state=state, duration=0, error_info=told(UNJOINED))
    assert life_of(unjoined) == JobLife(JobState.UNJOINED, 0, error=UNJOINED)


@pytest.mark.parametrize("state", ["FAILED", "DELETING"])
def test_a_failed_job_keeps_its_error(state: str) -> None:
    crashed = report(state=state, duration=3, error_info=told(CRASHED))
    assert life_of(crashed) == JobLife(JobState.FAILED, 3, error=CRASHED)


@pytest.mark.parametrize("info", [None, {}, [], "x", {"error_code": None, "error_msg": ""}])
def test_a_job_fails_without_an_error_too(info: Any) -> None:
    life = life_of(report(state="FAILED", error_info=info))
    assert life
    assert life.state is JobState.FAILED
    assert life.error
    assert life.error.error_code is None


@pytest.mark.parametrize("state", ["SUCCEED", "FAILED", "DELETING"])
@pytest.mark.parametrize("reason", ["NORMAL", "MUTE_TIMEOUT"])
def test_a_job_that_somebody_stopped_is_stopped_however_it_is_reported(state: str, reason: str) -> None:
    over = report(state=state, duration=5, job_finish_reason=reason, error_info=told(CRASHED))
    assert life_of(over, stopped_by="U1") == JobLife(JobState.STOPPED, 5, stopped_by="U1")


@pytest.mark.parametrize("state", ["WAITING", "PROCESSING"])
def test_a_stop_that_is_not_carried_out_yet_changes_nothing(state: str) -> None:
    assert life_of(report(state=state), stopped_by="U1") == life_of(report(state=state))


@settings(deadline=None, max_examples=100)
@given(
    state=st.sampled_from(["WAITING", "PROCESSING", "SUCCEED", "FAILED", "DELETING"]) | st.text(max_size=5),
    fields=st.dictionaries(
        st.sampled_from(["duration", "error_info", "job_finish_reason", "create_time"]),
        st.none() | st.floats() | st.text(max_size=5) | st.dictionaries(st.just("error_code"), st.integers()),
    ),
    stopped_by=st.none() | st.just("U1"),
)
def test_any_report_is_understood_or_tells_nothing(
    state: str, fields: dict[str, Any], stopped_by: str | None
) -> None:
    read = report(**json.loads(json.dumps(fields)), state=state)
    life = life_of(read, stopped_by=stopped_by)
    assert life is None or life.seconds == read.duration


OVER = [state for state in JobState if state.is_over]


def test_all_but_accepted_and_running_jobs_are_over() -> None:
    assert set(JobState) - set(OVER) == {JobState.ACCEPTED, JobState.RUNNING}


@pytest.mark.parametrize("state", JobState)
def test_no_state_follows_itself(state: JobState) -> None:
    assert not state.follows(state)


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("state", JobState)
def test_nothing_follows_an_end(state: JobState, over: JobState) -> None:
    assert not state.follows(over)


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("alive", [JobState.ACCEPTED, JobState.RUNNING])
def test_every_end_follows_a_job_that_is_alive(over: JobState, alive: JobState) -> None:
    assert over.follows(alive)


def test_a_job_runs_after_it_was_accepted_and_never_the_other_way_round() -> None:
    assert JobState.RUNNING.follows(JobState.ACCEPTED)
    assert not JobState.ACCEPTED.follows(JobState.RUNNING)
