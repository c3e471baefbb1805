import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.invocation import Action, JobInvocation, JobState, Status
from bot.domain.job import RtcRoomInfo, SmartChatJob
from bot.messages.details import ASKING, History, details, not_visible
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import changed

Job = Callable[..., SmartChatJob]
AssertGoldenView = Callable[[str, dict[str, Any]], None]
WrongWithView = Callable[[dict[str, Any]], list[str]]


@pytest.fixture
def start(invocation: JobInvocation, job: Job) -> JobInvocation:
    """Mei's start of the lobby kiosk, with all that can be asked for and all that MetaStudio said."""
    return changed(
        invocation,
        room_name="Lobby kiosk",
        room_type="RTC",
        client_id="desk-7",
        job_id="26f06524-4f75-4b3a-a853-b649a21aaf66",
        job_state=JobState.RUNNING,
        configuration=job().configuration(),
    )


def test_everything_that_is_known_of_a_job_stands_in_its_details(
    start: JobInvocation, job: Job, assert_golden_view: AssertGoldenView
) -> None:
    assert_golden_view("details_running", details(start, rtc=job().rtc_room_info))


def test_the_details_open_before_metastudio_has_answered(start: JobInvocation) -> None:
    assert f"*RTC*\n{ASKING}" in [
        block.get("text", {}).get("text") for block in details(start, rtc=ASKING)["blocks"]
    ]


def test_they_tell_who_did_what_from_the_start_before_to_the_start_after(
    start: JobInvocation, assert_golden_view: AssertGoldenView
) -> None:
    stop = changed(
        start, user_id="U0TOM00001", action=Action.STOP, created_at=start.created_at + timedelta(minutes=2)
    )
    before = changed(
        start,
        status=Status.FAILED,
        **dict.fromkeys(("job_id", "job_state", "configuration")),
        created_at=start.created_at - timedelta(minutes=1),
    )
    after = changed(
        start, user_id="U0JONAS001", job_id="job-2", created_at=start.created_at + timedelta(hours=1)
    )
    ended = changed(
        start,
        job_state=JobState.STOPPED,
        adopted_at=start.created_at + timedelta(seconds=9),
        reason=reason(Code.ADOPTED),
        ended_at=start.created_at + timedelta(minutes=2, seconds=5),
    )
    assert_golden_view("details_stopped", details(ended, History(stop, before, after)))


def test_of_a_start_with_nothing_but_a_job_only_what_is_known_is_told(
    invocation: JobInvocation, assert_golden_view: AssertGoldenView
) -> None:
    bare = changed(invocation, region=None, request_id=None, text="", job_id="job-1", job_state=JobState.GONE)
    assert_golden_view("details_bare", details(bare))


def test_no_signature_stands_in_the_details(start: JobInvocation, job: Job) -> None:
    shown = json.dumps(details(start, rtc=job().rtc_room_info))
    assert "eyJhbGciOi" not in shown
    assert "users: 2 \\u00d7 device user, 1 \\u00d7 avatar" in shown


def test_who_may_not_read_of_a_job_sees_nothing_of_it(assert_golden_view: AssertGoldenView) -> None:
    assert_golden_view("details_not_visible", not_visible())


HOSTILE = st.text(max_size=300) | st.sampled_from(["<!channel>", "`<!here>" * 90, "x" * 5000, "&" * 4000])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(foreign=HOSTILE, state=st.sampled_from(JobState), voices=st.integers(0, 40))
def test_whatever_comes_slack_takes_the_details_and_nobody_is_pinged(
    *, invocation: JobInvocation, wrong_with_view: WrongWithView, foreign: str, state: JobState, voices: int
) -> None:
    voice = {"voice_asset_id": foreign, "provider": foreign, "language_desc": foreign, "language": "XX"}
    parts = {"chat_video_type": foreign, "default_language": foreign, "region": foreign}
    job = SmartChatJob.model_validate(parts | {"job_id": "j", "voice_config_list": [voice] * voices})
    typed: dict[str, Any] = dict.fromkeys(
        (
            "room_name",
            "region",
            "client_id",
            "text",
            "request_id",
            "user_id",
        ),
        foreign,
    )
    start = changed(
        invocation,
        **typed,
        room_id=foreign or "r",
        job_id=foreign or "j",
        job_state=state,
        configuration=job.configuration(),
    )
    rtc = RtcRoomInfo.model_validate(
        {"app_id": foreign, "room_id": foreign, "users": [{"user_type": foreign}]}
    )
    view = details(start, History(start, start, start), rtc=rtc)
    assert wrong_with_view(view) == []
    assert "<!" not in json.dumps(view, ensure_ascii=False).replace("<!date^", "")
