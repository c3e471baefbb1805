"""Rooms by their names, and the words of a start before it is known what they mean."""

import time
from datetime import UTC, datetime
from random import Random

import pytest

from bot.domain.arguments import Regions, first_word
from bot.domain.invocation import ROOM_BY_NAME, Action, Source, StartRequest, Status
from bot.domain.room_names import By, Match, NamedRoom, closest, find_room
from bot.domain.start_words import by_name, is_by_name, needs_look_up, parse_start_words
from bot.errors import InvalidArguments
from tests.fakes import an_invocation, changed

REGIONS = Regions(("cn-north-4", "cn-southwest-2"))
KIOSK, BAR, HALL = NamedRoom("r1", "Lobby kiosk"), NamedRoom("r2", "lobby bar"), NamedRoom("hall", "大堂 一")
ROOMS = (KIOSK, BAR, HALL, NamedRoom("r4", "R&D (east)."), NamedRoom("r5", "Ｆｏｙｅｒ—2"))
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
TYPED = an_invocation(
    id="i1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U1",
)


@pytest.mark.parametrize(
    ("word", "room", "by"),
    [
        ("r1", "r1", By.ID),
        ("hall", "hall", By.ID),
        ("LOBBY KIOSK", "r1", By.NAME),
        ("Lobby\u00a0\u00a0Kiosk", "r1", By.NAME),
        ("Lobby k", "r1", By.BEGINNING),
        ("大堂 一", "hall", By.NAME),
        ("大", "hall", By.BEGINNING),
        ("R&D (east)", "r4", By.NAME),
        ("r&d", "r4", By.BEGINNING),
        ("foyer-2", "r5", By.NAME),
    ],
)
def test_a_word_means_the_room_that_is_called_so(word: str, room: str, by: By) -> None:
    found = find_room(word, ROOMS)
    assert isinstance(found, Match)
    assert (found.room.room_id, found.by) == (room, by)


def test_a_word_may_mean_several_rooms_or_none() -> None:
    assert find_room("lobby", ROOMS) == (KIOSK, BAR)
    assert find_room("bby", ROOMS) == ()
    assert find_room("''", ROOMS) == ()
    assert find_room("twin", (NamedRoom("a", "Twin"), NamedRoom("b", "twin"), NamedRoom("c", "twins"))) == (
        NamedRoom("a", "Twin"),
        NamedRoom("b", "twin"),
    )


def test_what_is_near_is_told_as_it_is_typed() -> None:
    assert closest("loby kiosk", ROOMS) == '"Lobby kiosk"'
    assert closest("zzz", ROOMS) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('"Lobby kiosk" cn-north-4', "Lobby kiosk"),
        ("“Lobby kiosk” cn-north-4", "Lobby kiosk"),
        ("„Lobby kiosk“ cn-north-4", "Lobby kiosk"),
        ("«Lobby kiosk», cn-north-4", "Lobby kiosk"),
        ("`Lobby kiosk` cn-north-4", "Lobby kiosk"),
        ("*'Lobby kiosk'* cn-north-4", "Lobby kiosk"),
        ("'Mei's desk' cn-north-4", "Mei's desk"),
        ("「大堂 一」 cn-north-4", "大堂 一"),
        ("room_id = “Lobby kiosk” region=cn-north-4", "Lobby kiosk"),
        (f'"{ROOM} cn-north-4"', ROOM),
        ("“lobby cn-north-4”", "lobby"),
        ("“room_id=lobby region=cn-north-4”", "lobby"),
        ("R&amp;D cn-north-4", "R&D"),
    ],
)
def test_quotes_keep_a_name_together_and_a_whole_command_apart(text: str, word: str) -> None:
    first, rest = first_word(text)
    words = parse_start_words([first, *rest], REGIONS)
    assert (words.word, dict(words.options)) == (word, {"region": "cn-north-4"})


def test_a_quoted_subcommand_is_no_name() -> None:
    assert first_word('"stop job-1"', ["stop"]) == ("stop", ["job-1"])


@pytest.mark.parametrize(
    "text", ["", "cn-north-4", "a/b", "lobby cn-nroth-4", "'Lobby kiosk' x=1", "..", "?"]
)
def test_what_can_be_neither_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidArguments):
        parse_start_words(text.split(), REGIONS)


def test_a_start_by_name_knows_that_its_room_is_still_to_be_found() -> None:
    words = parse_start_words(["Lobby kiosk", "cn-north-4"], REGIONS)
    asked = by_name(TYPED, words)
    assert (asked.request, asked.room_name) == (StartRequest(ROOM_BY_NAME, "cn-north-4"), "Lobby kiosk")
    assert is_by_name(asked)
    assert not is_by_name(TYPED)
    assert needs_look_up(asked)


@pytest.mark.parametrize(
    ("text", "room_id", "needs"),
    [
        ("lobby", "lobby", True),
        ("room_id=lobby", "lobby", True),
        (ROOM, ROOM, False),
        ("kiosk", "lobby", False),
        ("", "lobby", False),
        ("a b c d", "lobby", False),
    ],
)
def test_a_start_that_was_left_behind_is_looked_up_if_its_word_may_be_a_name(
    text: str, room_id: str, *, needs: bool
) -> None:
    row = changed(TYPED, text=text, room_id=room_id)
    assert needs_look_up(row) is needs
    assert not needs_look_up(changed(row, source=Source.BUTTON))


def test_what_is_near_to_a_long_word_is_found_among_many_long_names_before_slack_gives_up() -> None:
    letters = Random(1)
    many = ["".join(letters.choices("abcdefgh", k=200)) for _ in range(2001)]
    began = time.process_time()
    assert closest(f"{many[0]}x", [NamedRoom(f"r{number}", name) for number, name in enumerate(many)])
    assert time.process_time() - began < 2
