import re

import pytest

from bot.messages.buttons import (
    LOOK_AGAIN,
    RTC_ACCESS,
    START_AGAIN,
    START_ANOTHER,
    START_ANYWAY,
    START_NOW,
    STOP_JOB,
    look_again_button,
    rtc_button,
    start_again_button,
    stop_button,
)
from bot.messages.message import actions
from bot.model import RoomType, StartRequest
from bot.parsing import JobRef, Regions, parse_job_value, parse_start
from bot.sandbox.slack import block_problems

ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
JOB = "26f06524-4f75-4b3a-a853-b649a21aaf66"
REQUEST = StartRequest(ROOM, "cn-north-4", RoomType.METALINK, "a<b|c>&7")


def test_a_buttons_value_says_all_that_its_press_needs() -> None:
    for pressed in (stop_button(ROOM, JOB), rtc_button(ROOM, JOB)):
        assert parse_job_value(pressed["value"]) == JobRef(ROOM, JOB)
    again = start_again_button(START_ANYWAY, REQUEST)
    assert parse_start(again["value"], Regions(("cn-north-4",))) == REQUEST
    assert look_again_button("0198c0de")["value"] == "0198c0de"


def test_several_buttons_that_stop_stand_in_one_message() -> None:
    row = [stop_button(ROOM, JOB), *(stop_button(ROOM, JOB, number) for number in range(1, 25))]
    assert block_problems([actions(row)]) == []
    assert all(re.match(f"^{STOP_JOB}", pressed["action_id"]) for pressed in row)


def test_no_listener_hears_anothers_button() -> None:
    kinds = {STOP_JOB, RTC_ACCESS, START_AGAIN, LOOK_AGAIN}
    assert [kind for kind in kinds if re.match(f"^{STOP_JOB}", kind)] == [STOP_JOB]
    assert len(kinds) == 4


def test_who_stops_a_job_is_asked_whether_they_mean_it() -> None:
    asked = stop_button(ROOM, JOB)["confirm"]
    assert asked["title"]["text"] == "Stop this job?"
    assert asked["text"]["text"] == (
        f"Job {JOB} in room {ROOM} ends at once. Whoever talks to the avatar is cut off."
    )
    assert (asked["confirm"]["text"], asked["deny"]["text"]) == ("Stop it", "Keep it")
    assert asked["style"] == "danger"


def test_the_longest_ids_leave_the_question_whole() -> None:
    pressed = stop_button("r" * 64, "j" * 128)
    assert pressed["confirm"]["text"]["text"].endswith("is cut off.")
    assert block_problems([actions([pressed])]) == []


@pytest.mark.parametrize("label", [START_ANOTHER, START_ANYWAY])
def test_a_start_that_may_be_a_second_one_asks_what_it_costs(label: str) -> None:
    asked = start_again_button(label, REQUEST)["confirm"]
    assert "holds a paid channel" in asked["text"]["text"]
    assert asked["confirm"]["text"] == label


def test_a_start_that_is_the_first_one_asks_nothing() -> None:
    assert "confirm" not in start_again_button(START_NOW, REQUEST)


def test_foreign_words_are_no_markup_in_a_question() -> None:
    asked = str(stop_button("<!here>", "<!channel>" * 50)["confirm"])
    assert "<" not in asked
