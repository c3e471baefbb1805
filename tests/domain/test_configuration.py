"""Merging the configurations that several answers give for one job."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.configuration import filled, lacks_something, read, written
from bot.domain.job import JobReport, RoomReport, SmartChatJob

VOICE = {
    "voice_asset_id": "7a9f",
    "speed": 100,
    "pitch": 100,
    "volume": 140,
    "provider": "MOBVOI",
    "language": "EN",
}
WHOLE: dict[str, Any] = {
    "chat_subtitle_config": {"dx": 0, "dy": 880, "width": 1200, "height": 140},
    "video_config": {"width": 1920, "height": 1080},
    "voice_config_list": [VOICE],
    "chat_video_type": "COMPUTER",
    "is_transparent": False,
    "default_language": "EN",
}
NOTHING: list[Any] = [None, {}, [], "", "  ", [None], [{}], {"width": None}, "nonsense", 7, [[]]]


def told(**answer: Any) -> dict[str, Any]:
    return SmartChatJob.model_validate(answer).told()


def test_nothing_lacks_where_all_is_said_also_where_it_is_no_or_zero() -> None:
    assert not lacks_something(told(**WHOLE))


@pytest.mark.parametrize("name", ["video_config", "voice_config_list", "chat_subtitle_config"])
@pytest.mark.parametrize("empty", NOTHING)
def test_what_says_nothing_counts_as_left_out_and_is_filled_in(name: str, empty: Any) -> None:
    known = told(**(WHOLE | {name: empty}))
    assert name not in known
    assert lacks_something(known)
    assert filled(known, told(**WHOLE)) == WHOLE


@pytest.mark.parametrize("name", WHOLE)
def test_each_field_is_filled_in_by_itself_and_what_was_said_first_stays(name: str) -> None:
    other = {
        "chat_subtitle_config": {"dx": 9, "dy": 9, "width": 9, "height": 9},
        "video_config": {"width": 9, "height": 9},
        "voice_config_list": [VOICE | {"voice_asset_id": "other"}],
        "chat_video_type": "Hub",
        "is_transparent": True,
        "default_language": "CN",
    }
    known = {field: value for field, value in WHOLE.items() if field != name}
    assert filled(known, other) == WHOLE | {name: other[name]}


def test_half_a_picture_and_half_a_voice_are_filled_in_too() -> None:
    known = told(video_config={"width": 1080}, voice_config_list=[{"voice_asset_id": "7a9f", "speed": 90}])
    assert lacks_something(known | {name: WHOLE[name] for name in WHOLE.keys() - known.keys()})
    assert filled(known, WHOLE) == WHOLE | {
        "video_config": {"width": 1080, "height": 1080},
        "voice_config_list": [VOICE | {"speed": 90}],
    }


def test_voices_are_told_apart_by_their_assets_and_without_one_by_their_place() -> None:
    more = [VOICE | {"voice_asset_id": "b"}, VOICE | {"voice_asset_id": "a", "pitch": 90}]
    by_asset = {"voice_config_list": [{"voice_asset_id": "a"}, {"voice_asset_id": "c", "speed": 80}]}
    assert filled(by_asset, {"voice_config_list": more})["voice_config_list"] == [
        more[1],
        {"voice_asset_id": "c", "speed": 80},
    ]
    by_place = {"voice_config_list": [{"speed": 80}]}
    assert filled(by_place, {"voice_config_list": more[:1]})["voice_config_list"] == [more[0] | {"speed": 80}]
    assert filled(by_place, {"voice_config_list": more})["voice_config_list"] == [{"speed": 80}]


@pytest.mark.parametrize(
    ("answer", "voices"),
    [
        ({"voice_config": VOICE}, [VOICE]),
        ({"voice_config": VOICE, "voice_config_list": []}, [VOICE]),
        ({"voice_config": {}, "voice_config_list": [VOICE]}, [VOICE]),
        ({"voice_config": {"speed": 7}, "voice_config_list": [VOICE]}, [VOICE]),
        ({"voice_config": "nonsense", "voice_config_list": None}, None),
    ],
)
def test_a_room_has_one_voice_or_several(answer: dict[str, Any], voices: Any) -> None:
    assert RoomReport.model_validate(answer).told().get("voice_config_list") == voices


def test_what_is_told_of_a_job_holds_no_rtc_room() -> None:
    users = [{"user_id": "u", "signature": "the-signature"}]
    report = JobReport.model_validate(
        WHOLE | {"rtc_room_info": {"app_id": "a", "users": users}, "job_id": "1"}
    )
    assert report.told() == WHOLE


@pytest.mark.parametrize("kept", [None, "", "nonsense", "[]", "7", "null"])
def test_what_cannot_be_read_any_more_counts_as_unknown(kept: str | None) -> None:
    assert read(kept) == {}


@given(
    st.dictionaries(
        st.sampled_from(sorted(WHOLE)), st.recursive(st.none() | st.text() | st.integers(), st.lists)
    )
)
def test_whatever_an_answer_holds_it_can_be_kept_and_read_again(answer: dict[str, Any]) -> None:
    known = told(**answer)
    kept = written(known)
    assert read(kept) == json.loads(kept)
    assert filled(known, WHOLE).keys() == WHOLE.keys()
    assert filled(known, {}) == known
