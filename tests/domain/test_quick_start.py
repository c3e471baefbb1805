"""Names of quick starts, and the words after `/avatar quick`."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.arguments import Regions
from bot.domain.invocation import StartRequest
from bot.domain.quick_start import QuickStart, checked_name, chosen, listed, unknown
from bot.domain.quick_words import Add, Panel, Remove, Rename, Show, parse_quick
from bot.errors import InvalidArguments
from bot.reasons import ReasonCode as Code

REGIONS = Regions(("cn-north-4", "moon"), default="cn-north-4")
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
HERE = QuickStart(
    id="q1",
    team_id="T1",
    channel_id="C1",
    name="lobby",
    room_id=ROOM,
    user_id="U1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
EVERYWHERE = replace(HERE, id="q2", channel_id=None)


@pytest.mark.parametrize("name", ["a", "0", "lobby", "lobby-2", "x" * 32, "24bad716", "north-4", "beef-cafe"])
def test_a_name_at_the_edge_is_taken(name: str) -> None:
    assert checked_name(name, REGIONS.allowed) == name


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("", Code.QUICK_NAME_UNUSABLE),
        ("x" * 33, Code.QUICK_NAME_UNUSABLE),
        ("-lobby", Code.QUICK_NAME_UNUSABLE),
        ("lobby_2", Code.QUICK_NAME_UNUSABLE),
        ("lobby\n", Code.QUICK_NAME_UNUSABLE),
        ("大堂", Code.QUICK_NAME_UNUSABLE),
        (ROOM, Code.QUICK_NAME_LIKE_ID),
        (ROOM.upper(), Code.QUICK_NAME_LIKE_ID),
        (ROOM[:18], Code.QUICK_NAME_LIKE_ID),
        (ROOM.replace("-", ""), Code.QUICK_NAME_LIKE_ID),
        ("cn-southwest-2", Code.QUICK_NAME_LIKE_REGION),
        ("CN-North-4", Code.QUICK_NAME_LIKE_REGION),
        ("moon", Code.QUICK_NAME_LIKE_REGION),
        ("help", Code.QUICK_NAME_RESERVED),
    ],
)
def test_what_is_no_name_is_refused_with_its_reason(word: str, code: Code) -> None:
    with pytest.raises(InvalidArguments) as refused:
        checked_name(word, REGIONS.allowed)
    assert refused.value.reason.code is code


@given(st.text())
def test_whatever_is_typed_only_a_name_comes_through(word: str) -> None:
    try:
        name = checked_name(word)
    except InvalidArguments:
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name)


def test_words_are_understood_wherever_the_flag_stands() -> None:
    add = Add("lobby", StartRequest(ROOM, "cn-north-4", client_id="x"), everywhere=True)
    for text in (
        f"add lobby {ROOM} cn-north-4 client_id=x --everywhere",
        f"--everywhere ADD Lobby {ROOM} client_id=x region=cn-north-4",
        f"add lobby -everywhere {ROOM} cn-north-4 client_id=x",
    ):
        assert parse_quick(text.split(), REGIONS) == add
    assert parse_quick(["add", "lobby", ROOM], REGIONS) == Add("lobby", StartRequest(ROOM), everywhere=False)
    assert parse_quick(["rename", "Old", "new"], REGIONS) == Rename("old", "new", everywhere=False)
    assert parse_quick(["remove", "x"], REGIONS) == Remove("x", everywhere=False)
    assert parse_quick([], REGIONS) == parse_quick(["list"], REGIONS) == Show()
    assert parse_quick(["panel"], REGIONS) == Panel()


def test_the_channels_own_counts_and_hides_that_of_everywhere() -> None:
    assert chosen([EVERYWHERE, HERE]) is HERE
    assert chosen([EVERYWHERE]) is EVERYWHERE
    assert chosen([]) is None
    assert [(each.quick_start, each.is_shadowed) for each in listed([EVERYWHERE, HERE])] == [
        (HERE, False),
        (EVERYWHERE, True),
    ]


def test_an_unknown_name_gets_what_is_near_or_where_it_is() -> None:
    assert unknown("loby", [HERE]).reason.args["close"] == "lobby"
    assert "close" not in unknown("xyz", [HERE]).reason.args
    assert unknown("Lobby", [HERE], everywhere=True).reason.code is Code.QUICK_START_ELSEWHERE
