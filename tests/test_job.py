"""The model of a job: whatever an answer holds, what can be used of it is used and nothing is raised."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.job import ChatSubtitleConfig, ChatVideoConfig, RtcUser, SmartChatJob, VoiceConfig

DOCUMENTED = {
    SmartChatJob: {
        *("job_id", "rtc_room_info", "chat_subtitle_config", "video_config", "voice_config_list"),
        *("chat_video_type", "is_transparent", "region", "default_language"),
    },
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
    assert set(model().model_dump().values()) == {None}


@settings(deadline=None, max_examples=200)
@given(answer=A_DICT)
def test_any_object_makes_a_job(answer: dict[str, Any]) -> None:
    job = SmartChatJob.model_validate(answer)
    assert isinstance(job.job_id, str | None)
    assert isinstance(job.is_transparent, bool | None)
    for part in (job.video_config, job.chat_subtitle_config):
        sizes = part.model_dump().values() if part else ()
        assert all(size is None or abs(size) <= 10**15 for size in sizes)
    job.model_dump_json()
    assert SmartChatJob.model_validate(job.model_dump()) == job


@settings(deadline=None, max_examples=100)
@given(answer=A_DICT, others=st.lists(ANYTHING, max_size=3), signature=st.text(min_size=1, max_size=5))
def test_a_signature_shows_nowhere(answer: dict[str, Any], others: list[Any], signature: str) -> None:
    secret = f"the-signature-{signature}"
    users = [*others, {"signature": secret, "user_id": "one"}, *others]
    job = SmartChatJob.model_validate(answer | {"rtc_room_info": {"users": users}})
    shown = f"{job!r} {job} {job.model_dump()} {job.model_dump_json()}"
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
