import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.invocation import JobInvocation, JobState
from bot.domain.job import SmartChatJob
from bot.domain.job_state import JobLife
from bot.errors import Answer
from bot.messages.announcement import announcement
from bot.messages.message import TEXT_LIMIT, Message
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import changed

Job = Callable[..., SmartChatJob]
AssertGolden = Callable[[str, Message], None]

INVITE = "To let the bot post here itself, invite it to this channel."
VOICE = {"voice_asset_id": "7a9f3c52d1b84e0e", "provider": "XIMALAYA", "language": "EN"}


def test_a_job_is_announced_with_everything_that_metastudio_said(
    invocation: JobInvocation, job: Job, assert_golden: AssertGolden
) -> None:
    assert_golden("announcement_full", announcement(invocation, job()))


def test_of_a_job_with_nothing_but_an_id_only_what_is_known_is_told(
    invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    bare = SmartChatJob(job_id="26f06524-4f75-4b3a-a853-b649a21aaf66")
    started = changed(invocation, region=None, request_id=None)
    assert_golden("announcement_bare", announcement(started, bare))


def test_the_voices_behind_the_second_are_counted(
    invocation: JobInvocation, job: Job, assert_golden: AssertGolden
) -> None:
    voices = [VOICE | {"voice_asset_id": f"voice-{number}"} for number in range(1, 18)]
    message = announcement(invocation, job(voice_config_list=voices))
    assert message.text.endswith("Himalaya TTS · +15 more")
    assert_golden("announcement_17_voices", message)


def test_a_bot_outside_the_channel_asks_in_the_small_print_to_be_invited(
    invocation: JobInvocation, job: Job, assert_golden: AssertGolden
) -> None:
    message = announcement(invocation, job(rtc_room_info=None, voice_config_list=[VOICE]), hint=INVITE)
    assert_golden("announcement_with_hint", message)


@pytest.mark.parametrize(
    ("orientation", "width", "height"), [("portrait", 1080, 1920), ("square", 1080, 1080)]
)
def test_the_shape_of_the_picture_is_told(
    *,
    invocation: JobInvocation,
    job: Job,
    assert_golden: AssertGolden,
    orientation: str,
    width: int,
    height: int,
) -> None:
    shaped = job(video_config={"width": width, "height": height}, is_transparent=True, chat_video_type="Hub")
    message = announcement(invocation, shaped)
    assert f"Video {width} × {height}, {orientation}" in message.text
    assert_golden(f"announcement_{orientation}", message)


@pytest.mark.parametrize(
    ("name", "life"),
    [
        ("running", JobLife(JobState.RUNNING, 12.5)),
        ("ended", JobLife(JobState.ENDED, 125.4)),
        ("silent", JobLife(JobState.SILENT, 60)),
        ("unjoined", JobLife(JobState.UNJOINED, 0, error=Answer(error_code="MSS.45000023"))),
        ("stopped", JobLife(JobState.STOPPED, 40, stopped_by="U0TOM00001")),
        (
            "failed",
            JobLife(JobState.FAILED, 63, Answer(error_code="MSS.20019999", error_msg="GPU <node> lost.")),
        ),
    ],
)
def test_the_one_message_goes_with_the_job_to_its_end(
    name: str, life: JobLife, invocation: JobInvocation, job: Job, assert_golden: AssertGolden
) -> None:
    remembered = SmartChatJob.remembered("26f06524-4f75-4b3a-a853-b649a21aaf66", job().configuration())
    assert_golden(f"announcement_{name}", announcement(invocation, remembered, life))


def test_what_is_to_be_read_first_stands_beneath_the_heading(
    invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    bare = SmartChatJob(job_id="26f06524-4f75-4b3a-a853-b649a21aaf66")
    assert_golden(
        "announcement_adopted", announcement(replace(invocation, reason=reason(Code.ADOPTED)), bare)
    )


def buttons(message: Message) -> list[str]:
    rows = [block for block in message.blocks if block["type"] == "actions"]
    return [element["text"]["text"] for row in rows for element in row["elements"]]


@pytest.mark.parametrize("state", list(JobState))
def test_only_the_buttons_that_make_sense_are_left_when_the_job_is_over(
    invocation: JobInvocation, job: Job, state: JobState
) -> None:
    message = announcement(invocation, job(), JobLife(state))
    assert buttons(message) == (
        ["Start again", "Details"] if state.is_over else ["Stop", "Details", "RTC access"]
    )


def test_where_the_rtc_room_is_not_shown_no_button_offers_it(invocation: JobInvocation, job: Job) -> None:
    assert buttons(announcement(invocation, job(), rtc_access=False)) == ["Stop", "Details"]


@pytest.mark.parametrize("job_id", ["../rooms", "a b", "", None, "x" * 129])
def test_a_job_that_cannot_be_named_in_a_path_has_only_its_details(
    invocation: JobInvocation, job_id: str | None
) -> None:
    assert buttons(announcement(invocation, SmartChatJob(job_id=job_id))) == ["Details"]


@pytest.mark.parametrize("job_id", ["j" * 1300, "&" * 4000])
def test_a_job_id_of_any_length_is_whole(invocation: JobInvocation, job_id: str) -> None:
    blocks = str(announcement(invocation, SmartChatJob(job_id=job_id)).blocks)
    assert blocks.count("j" if job_id[0] == "j" else "&amp;") >= min(len(job_id), 1700)


def test_codes_that_nobody_documented_are_shown_as_they_are(
    invocation: JobInvocation, job: Job, assert_golden: AssertGolden
) -> None:
    novel = job(
        chat_video_type="HOLOGRAM",
        default_language="JA",
        region="eu-west-101",
        rtc_room_info={"app_id": "app", "room_id": "room", "users": [{"user_type": "WHISPERER"}]},
        voice_config_list=[
            {"provider": "ACME_TTS", "language": "JA", "language_desc": "日本語 & 関西弁"},
            {"voice_asset_id": "v-2", "language": "KLINGON"},
        ],
    )
    assert_golden("announcement_unknown_codes", announcement(invocation, novel))


def test_the_documented_codes_are_put_into_words(invocation: JobInvocation, job: Job) -> None:
    languages = {
        "CN": "Simplified Chinese",
        "EN": "English",
        "ESP": "Spanish",
        "por": "Portuguese",
        "Arabic": "Arabic",
        "Thai": "Thai",
    }
    vendors = {"XIMALAYA": "Himalaya TTS", "HUAWEI_EI": "Huawei EI TTS", "MOBVOI": "Mobvoi TTS"}
    devices = {"COMPUTER": "PC", "MOBILE": "Mobile phone", "Hub": "Large screen"}
    for code, word in languages.items():
        assert announcement(invocation, job(voice_config_list=[{"language": code}])).text.endswith(
            f"Voice {word}"
        )
    for code, word in vendors.items():
        assert announcement(invocation, job(voice_config_list=[{"provider": code}])).text.endswith(
            f"Voice {word}"
        )
    for code, word in devices.items():
        assert f", landscape, {word} · " in announcement(invocation, job(chat_video_type=code)).text


@pytest.mark.parametrize(
    ("video", "told"),
    [
        ({"width": 1080}, "1080 px wide"),
        ({"height": 720}, "720 px high"),
        ({"width": 0, "height": 0}, "0 × 0, square"),
    ],
)
def test_half_a_picture_size_is_told_by_halves(
    invocation: JobInvocation, job: Job, video: dict[str, int], told: str
) -> None:
    assert f"Video {told}, PC" in announcement(invocation, job(video_config=video)).text


@pytest.mark.parametrize(
    "nothing",
    [
        {"video_config": {}},
        {"video_config": None},
        {"chat_subtitle_config": {"dx": 1, "width": 5}},
        {"voice_config_list": [None, {}]},
        {"voice_config_list": "loud"},
        {"rtc_room_info": {"users": []}},
        {"default_language": "", "chat_video_type": None, "is_transparent": None, "region": ""},
    ],
)
def test_what_metastudio_left_out_is_left_out(
    invocation: JobInvocation, job: Job, nothing: dict[str, Any]
) -> None:
    message = announcement(invocation, job(**nothing))
    assert "None" not in json.dumps(message.arguments())
    for line in message.text.splitlines():
        assert not line.rstrip().endswith((":", ",", "·", "Voice", "Video"))


def test_the_text_alone_says_all_three_lines_in_words(invocation: JobInvocation, job: Job) -> None:
    named = replace(invocation, room_name="Lobby kiosk")
    assert announcement(named, job(), JobLife(JobState.RUNNING)).text == (
        "🟢  *Lobby kiosk* is running\n"
        "Job `26f06524-4f75-4b3a-a853-b649a21aaf66` · CN North-Beijing4 · started by <@U0MEI00001> · "
        "since <!date^1767268800^{time}|12:00 UTC>\n"
        "Video 1920 × 1080, landscape, PC · "
        "Voice Simplified Chinese, Huawei EI TTS, speed 1×, pitch 100, volume 140\n"
        "Voice Portuguese, Mobvoi TTS, speed 1.25×, pitch 90, volume 200"
    )


def test_what_is_over_says_from_when_to_when(invocation: JobInvocation, job: Job) -> None:
    ended = changed(invocation, job_id="job-1", ended_at=invocation.created_at + timedelta(minutes=2))
    text = announcement(ended, job(), JobLife(JobState.ENDED, 120)).text
    assert "<!date^1767268800^{time}|12:00 UTC> to <!date^1767268920^{time}|12:02 UTC>" in text
    assert "since" not in text


def test_the_region_is_the_one_that_metastudio_chose(invocation: JobInvocation, job: Job) -> None:
    text = announcement(invocation, job(region="cn-southwest-2")).text
    assert " · CN Southwest-Guiyang1 · " in text
    assert "Beijing" not in text


def test_no_signature_gets_into_a_channel(invocation: JobInvocation, job: Job) -> None:
    assert "eyJhbGciOi" not in json.dumps(announcement(invocation, job()).arguments())


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=300)
    | st.text(alphabet="<>&`!@|*_~\n \ud800", max_size=300)
    | st.sampled_from(
        ["<!channel>", "<!here>", "<@U0EVERYONE>", "`<!everyone>`", "&lt;!channel&gt;", "x" * 5000]
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def objects(*names: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANYTHING)) | ANYTHING


SIGNATURE = "signature-that-nobody-may-see"
RTC_USERS = objects("user_type", "user_id", "ctime").map(
    lambda user: user | {"signature": SIGNATURE} if isinstance(user, dict) else user
)
PAYLOADS = st.fixed_dictionaries(
    {"job_id": st.text(min_size=1, max_size=300) | st.integers()},
    optional={
        "rtc_room_info": st.fixed_dictionaries(
            {"users": st.lists(RTC_USERS, max_size=30)}, optional={"app_id": ANYTHING, "room_id": ANYTHING}
        ),
        "chat_subtitle_config": objects("dx", "dy", "width", "height"),
        "video_config": objects("width", "height"),
        "voice_config_list": st.lists(
            objects("voice_asset_id", "speed", "pitch", "volume", "provider", "language", "language_desc"),
            max_size=20,
        ),
        "chat_video_type": ANYTHING,
        "is_transparent": ANYTHING,
        "region": ANYTHING,
        "default_language": ANYTHING,
    },
)
LIVES = st.none() | st.builds(
    JobLife,
    st.sampled_from(JobState),
    st.none() | st.floats() | st.integers(),
    st.none()
    | st.builds(
        Answer,
        error_code=st.none() | st.text(max_size=300),
        error_msg=st.none() | st.text(alphabet="<>&`!@ x", max_size=900),
    ),
    st.none() | st.sampled_from(["U0TOM00001", "<!channel>", "x" * 500]),
)
TYPED = st.text(max_size=5000) | st.sampled_from(["<!channel>", "`<!here>", "x" * 10_000])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payload=PAYLOADS,
    life=LIVES,
    room=TYPED,
    who=TYPED,
    request_id=TYPED,
    adopted=st.booleans(),
    hint=st.sampled_from(["", INVITE]),
)
def test_whatever_comes_slack_takes_it_nobody_is_pinged_and_no_signature_shows(
    *,
    invocation: JobInvocation,
    wrong_with: Callable[[Message], list[str]],
    payload: dict[str, Any],
    life: JobLife | None,
    room: str,
    who: str,
    request_id: str,
    adopted: bool,
    hint: str,
) -> None:
    typed = changed(invocation, text=room, room_id=room, region=room, user_id=who, request_id=request_id)
    typed = replace(typed, reason=reason(Code.ADOPTED) if adopted else None)
    message = announcement(typed, SmartChatJob.model_validate(payload), life, hint=hint)
    assert wrong_with(message) == []
    assert 0 < len(message.text) <= TEXT_LIMIT
    everything = json.dumps(message.arguments(), ensure_ascii=False)
    assert SIGNATURE not in everything
    rest = everything.replace("<!date^1767268800^", "")
    assert "<!" not in rest
    stopper = bool(life and life.state is JobState.STOPPED and life.stopped_by == "U0TOM00001")
    assert rest.count("<@") == 2 * ((who.isascii() and who.isalnum() and len(who) <= 50) + stopper)
