"""The model of a job: it uses every usable value of an answer and never raises an error."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.domain.configuration import read
from bot.domain.job import (
    ChatSubtitleConfig,
    ChatVideoConfig,
    ErrorInfo,
    JobReport,
    RtcUser,
    SmartChatJob,
    VoiceConfig,
)

STARTED = {
    *("job_id", "rtc_room_info", "chat_subtitle_config", "video_config", "voice_config_list"),
    *("chat_video_type", "is_transparent", "region", "default_language"),
}
REPORTED = {"state", "duration", "create_time", "job_finish_reason", "error_info", "client_id"}
DOCUMENTED = {
    SmartChatJob: STARTED,
    JobReport: STARTED | REPORTED,
    ErrorInfo: {"error_code", "error_msg"},
    RtcUser: {"user_type", "user_id", "signature", "ctime"},
    ChatSubtitleConfig: {"dx", "dy", "width", "height"},
    ChatVideoConfig: {"width", "height"},
    VoiceConfig: {"voice_asset_id", "speed", "pitch", "volume", "provider", "language", "language_desc"},
}
NAMES = sorted({"app_id", "room_id", "users"}.union(*DOCUMENTED.values()))

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.binary(max_size=5)
    | st.sampled_from([10**400, -(10**400), 1e308, "12", "0x1f", "NaN", "true"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)
A_DICT = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), ANYTHING, max_size=10)


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_the_fields_are_the_documented_ones_and_all_are_optional(model: Any) -> None:
    assert model.model_fields.keys() == DOCUMENTED[model]
    assert set(model().model_dump().values()) <= {None, ""}


@pytest.mark.parametrize("model", [SmartChatJob, JobReport])
@settings(deadline=None, max_examples=200)
@given(answer=A_DICT)
def test_any_object_makes_a_job(model: type[SmartChatJob], answer: dict[str, Any]) -> None:
    job = model.model_validate(answer)
    assert isinstance(job.job_id, str)
    assert isinstance(job.is_transparent, bool | None)
    for part in (job.video_config, job.chat_subtitle_config):
        sizes = part.model_dump().values() if part else ()
        assert all(size is None or abs(size) <= 10**15 for size in sizes)
    job.model_dump_json()
    assert model.model_validate(job.model_dump()) == job


@pytest.mark.parametrize("model", [SmartChatJob, JobReport])
@settings(deadline=None, max_examples=100)
@given(answer=A_DICT, others=st.lists(ANYTHING, max_size=3), signature=st.text(min_size=1, max_size=5))
def test_a_signature_shows_nowhere(
    model: type[SmartChatJob], answer: dict[str, Any], others: list[Any], signature: str
) -> None:
    secret = f"the-signature-{signature}"
    users = [*others, {"signature": secret, "user_id": "one"}, *others]
    job = model.model_validate(answer | {"rtc_room_info": {"users": users}})
    shown = f"{job!r} {job} {job.model_dump()} {job.model_dump_json()} {job.configuration()}"
    assert "the-signature-" not in shown
    assert job.rtc_room_info
    assert job.rtc_room_info.users
    user = job.rtc_room_info.users[len(others)]
    assert user
    assert user.signature == SecretStr(secret)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (0, 0),
        (-5, -5),
        (7681, 7681),
        (99.5, 99.5),
        ("100", 100),
        (10**15, 10**15),
        (10**15 + 1, None),
        (10**4000, None),
        (-(10**4000), None),
        (1e300, None),
        (float("nan"), None),
        (float("inf"), None),
        ("fast", None),
        ("", None),
        ([], None),
        ({}, None),
        (None, None),
    ],
)
def test_numbers_out_of_range_are_kept_and_absurd_ones_left_out(sent: Any, kept: float | None) -> None:
    assert VoiceConfig.model_validate({"speed": sent}).speed == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Hub", "Hub"),
        ("HUB", "HUB"),
        ("a later kind", "a later kind"),
        ("", ""),
        (7, "7"),
        (float("nan"), None),
        (float("-inf"), None),
        (True, None),
        (["Hub"], None),
        (None, None),
    ],
)
def test_texts_of_closed_lists_pass_as_they_are(sent: Any, kept: str | None) -> None:
    assert SmartChatJob.model_validate({"chat_video_type": sent}).chat_video_type == kept


def test_what_cannot_be_used_in_a_list_leaves_its_neighbours_alone() -> None:
    job = SmartChatJob.model_validate({"voice_config_list": [{"speed": 90}, "loud", None, {"speed": "x"}]})
    assert job.voice_config_list == [VoiceConfig(speed=90), None, None, VoiceConfig()]


def test_a_faulty_part_leaves_the_others_alone() -> None:
    job = SmartChatJob.model_validate({"job_id": "one", "video_config": 5, "chat_subtitle_config": {"dx": 1}})
    assert (job.job_id, job.video_config, job.chat_subtitle_config) == ("one", None, ChatSubtitleConfig(dx=1))


def test_what_is_no_object_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError) as caught:
        SmartChatJob.model_validate("the-signature")
    assert "the-signature" not in str(caught.value)


EARLY = datetime(2021, 1, 10, 8, 43, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2021-01-10T08:43:17Z",
        "2021-01-10t08:43:17z",
        "2021-01-10T16:43:17+08:00",
        "2021-01-10T16:43:17+0800",
        "2021-01-10T02:43:17-06:00",
        "2021-01-10T08:43:17.000Z",
        "2021-01-10T08:43:17",
        "2021-01-10 08:43:17",
        EARLY,
    ],
)
def test_a_date_is_read_in_every_form_and_kept_in_utc(written: Any) -> None:
    read = JobReport.model_validate({"create_time": written}).create_time
    assert read == EARLY
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        *(0, 1610268197, 1610268197000, 1610268197.5, -5, 20210110, True, False, float("nan"), 10**400),
        *("0", "1610268197", "1610268197000", "1610268197.5", "-5", "20210110", "2021", "1e9", "NaN"),
        *("2021-01-10", "08:43:17", "20210110T084317Z", "2021-13-10T08:43:17Z", "2021-02-30T08:43:17Z"),
        *("2021-01-10T08:43:17Zulu", "2021-01-10T25:00:00Z", "tomorrow", "", " ", None, [], {}, [EARLY]),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2021-01-10T08:43:17+99:00"),
    ],
    ids=lambda written: f"{written!r:.30}",
)
def test_what_is_no_date_and_time_counts_as_left_out(written: Any) -> None:
    report = JobReport.model_validate({"job_id": "one", "create_time": written, "state": "WAITING"})
    assert (report.job_id, report.state, report.create_time) == ("one", "WAITING", None)


@settings(deadline=None, max_examples=200)
@given(
    written=ANYTHING
    | st.datetimes().map(str)
    | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.{0,9}", fullmatch=True)
)
def test_whatever_is_written_a_date_that_is_kept_is_in_utc(written: Any) -> None:
    read = JobReport.model_validate({"create_time": written}).create_time
    assert read is None or (read.tzinfo is UTC and EARLY + (read - EARLY) == read)


def test_a_report_is_read_whole() -> None:
    answer = {
        "job_id": "one",
        "state": "FAILED",
        "duration": 12.5,
        "create_time": "2021-01-10T08:43:17Z",
        "start_time": "2021-01-10T08:43:20Z",
        "job_finish_reason": "NORMAL",
        "error_info": {"error_code": "MSS.45000023", "error_msg": "nobody joined", "more": 1},
        "client_id": "kiosk-7",
        "chat_state": 2,
        "video_config": {"width": 1920, "height": 1080},
    }
    assert JobReport.model_validate(answer) == JobReport(
        job_id="one",
        state="FAILED",
        duration=12.5,
        create_time=EARLY,
        job_finish_reason="NORMAL",
        error_info=ErrorInfo(error_code="MSS.45000023", error_msg="nobody joined"),
        client_id="kiosk-7",
        video_config=ChatVideoConfig(width=1920, height=1080),
    )


@pytest.mark.parametrize(("sent", "kept"), [("12.5", 12.5), (7, 7), ("long", None), (float("inf"), None)])
def test_a_duration_is_a_number_or_left_out(sent: Any, kept: float | None) -> None:
    assert JobReport.model_validate({"duration": sent}).duration == kept


@settings(deadline=None, max_examples=100)
@given(answer=A_DICT)
def test_a_job_is_remembered_as_it_was_but_for_its_rtc_room(answer: dict[str, Any]) -> None:
    job = SmartChatJob.model_validate(answer | {"job_id": "one"})
    remembered = SmartChatJob.remembered("one", job.configuration())
    assert remembered.rtc_room_info is None
    assert remembered.told() == job.told()
    assert read(job.configuration()) == job.told()


def test_of_a_report_the_configuration_alone_is_kept() -> None:
    report = JobReport.model_validate(
        {
            "job_id": "one",
            "rtc_room_info": {"app_id": "rtc", "users": [{"signature": "the-signature"}]},
            "state": "PROCESSING",
            "duration": 3,
            "create_time": "2021-01-10T08:43:17Z",
            "error_info": {"error_code": "x"},
            "client_id": "kiosk-7",
            "region": "cn-north-4",
            "is_transparent": False,
        }
    )
    assert report.configuration() == '{"is_transparent":false,"region":"cn-north-4"}'


def test_a_job_without_a_configuration_is_remembered_by_its_id() -> None:
    assert SmartChatJob.remembered("one", None) == SmartChatJob(job_id="one")
    assert SmartChatJob().configuration() == "{}"


@settings(deadline=None, max_examples=200)
@given(
    job_id=st.text(max_size=5),
    kept=st.text(max_size=10)
    | ANYTHING.map(str)
    | st.sampled_from(["[]", "null", "1", '"x"', "[" * 5000, "9" * 5000, "{", '{"region": 1e999}', "\ud800"])
    | A_DICT.map(lambda answer: SmartChatJob.model_validate(answer).model_dump_json()),
)
def test_whatever_was_kept_a_job_is_remembered(job_id: str, kept: str) -> None:
    job = SmartChatJob.remembered(job_id, kept)
    assert job.job_id == job_id
    assert SmartChatJob.remembered(job_id, job.configuration()).configuration() == job.configuration()
