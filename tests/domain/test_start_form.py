"""What the search of the form offers, and what a form would be as typed words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.invocation import RoomType, StartRequest
from bot.domain.quick_start import QuickStart
from bot.domain.room_names import NamedRoom
from bot.domain.start_form import MOST_OFFERS, Choice, Filled, Kind, offers_for, typed_form_of

QUICK = QuickStart(
    id="q",
    team_id="T1",
    channel_id="C1",
    name="lobby",
    room_id="r1",
    user_id="U1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def everything(_offer: object) -> bool:
    return True


def test_what_begins_with_the_text_comes_first() -> None:
    rooms = [NamedRoom("r1", "Old hall"), NamedRoom("r2", "Hall"), NamedRoom("hall-3", "Third")]
    found = offers_for("hall", (), rooms, everything)
    assert [room.room_id for room in found.rooms] == ["r2", "hall-3", "r1"]


@pytest.mark.parametrize("typed", ["Kiosk_7", "kiosk_7", "KIOSK"])
def test_an_id_is_found_whatever_its_case(typed: str) -> None:
    rooms = [NamedRoom("Kiosk_7", "Hall"), NamedRoom("r2", "Old kiosk_7")]
    found = offers_for(typed, (), rooms, everything)
    assert [room.room_id for room in found.rooms] == ["Kiosk_7", "r2"]


def test_the_options_and_a_typed_id_are_never_more_than_slack_takes() -> None:
    many = [replace(QUICK, id=f"q{number}", name=f"lobby-{number}") for number in range(200)]
    found = offers_for("lobby", many, None, everything)
    assert len(found.quick_starts) == MOST_OFFERS - 1
    assert found.typed_id == "lobby"
    rooms = [NamedRoom(f"r{number}", f"Lobby {number}") for number in range(200)]
    found = offers_for("lobby", many[:60], rooms, everything)
    assert (len(found.quick_starts), len(found.rooms), found.typed_id) == (60, 40, None)


@pytest.mark.parametrize("typed", ["../jobs", "two words", "", "  ", "é", "x" * 65])
def test_what_can_be_no_id_is_not_offered_as_one(typed: str) -> None:
    assert offers_for(typed, (), None, everything).typed_id is None


def test_a_room_with_an_id_that_nothing_can_start_is_left_out() -> None:
    assert offers_for("", (), [NamedRoom("a/b", "Odd")], everything).rooms == ()


def test_nothing_is_offered_that_may_not_be_started() -> None:
    found = offers_for("r1", [QUICK], [NamedRoom("r1", "r1")], lambda _offer: False)
    assert (found.quick_starts, found.rooms, found.typed_id) == ((), (), None)


@pytest.mark.parametrize("value", ["", "quick", "room ", "nonsense lobby", "lobby"])
def test_a_value_that_is_no_choice(value: str) -> None:
    assert Choice.parse(value) is None


def test_a_form_in_typed_words() -> None:
    options = {"client_id": "one", "region": "cn-north-4"}
    choice = Choice.parse(Choice(Kind.QUICK_START, "lobby").value)
    filled = Filled(opening_id="i1", opened_in=None, choice=choice, options=options)
    assert filled.text == "lobby cn-north-4 client_id=one"
    request = StartRequest("r1", room_type=RoomType.METALINK)
    assert typed_form_of(request) == "r1 room_type=METALINK"
