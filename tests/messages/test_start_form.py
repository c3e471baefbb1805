"""The form for a start as people see it, and within what Slack takes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.arguments import Regions
from bot.domain.quick_start import QuickStart
from bot.domain.room_names import NamedRoom
from bot.domain.start_form import Offers, Prefilled
from bot.messages.message import Message
from bot.messages.start_form import also_not_saved, groups_of, not_saved, start_form
from bot.messages.views import plain_view
from bot.sandbox.slack.suggestions import suggested_groups

AssertGoldenView = Callable[[str, dict[str, Any]], None]
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
REGIONS = Regions(("cn-north-4", "cn-southwest-2", "eu-west-1"), default="cn-north-4")
LOBBY = QuickStart(
    id="q1",
    team_id="T1",
    channel_id="C1",
    name="lobby",
    room_id=ROOM,
    region="cn-north-4",
    user_id="U0MEI00001",
    created_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
)


def name_of(room_id: str) -> str | None:
    return "Lobby <kiosk>" if room_id == ROOM else None


def a_form(prefilled: Prefilled, *, may_save: bool = True) -> dict[str, Any]:
    return start_form(prefilled, REGIONS, metadata="i1 C1", may_save=may_save, name_of=name_of)


def test_an_empty_form(assert_golden_view: AssertGoldenView) -> None:
    assert_golden_view("start_form_empty", a_form(Prefilled(), may_save=False))


def test_a_form_that_is_filled_with_the_last_start(assert_golden_view: AssertGoldenView) -> None:
    filled = Prefilled(
        offer=LOBBY,
        region="cn-southwest-2",
        room_type="METALINK",
        client_id="desk-7",
        channel_id="C1",
    )
    assert_golden_view("start_form_filled", a_form(filled))


def test_a_region_that_is_no_longer_allowed_is_not_set() -> None:
    assert "initial_option" not in str(a_form(Prefilled(region="ru-moscow-1")))


def test_in_plain_paragraphs_it_can_still_be_filled_in() -> None:
    form = a_form(Prefilled())
    assert plain_view(form) == form


def test_the_options_keep_to_slacks_limits_whatever_the_names_are() -> None:
    long = NamedRoom("r" * 64, "<&>" * 100)
    offers = Offers(
        quick_starts=(LOBBY, replace(LOBBY, channel_id=None, name="x" * 32, room_id="z" * 64)),
        rooms=(long, NamedRoom("r2", ""), NamedRoom("r3", "\n接待\u202e大厅")),
        typed_id="i" * 64,
    )
    groups = groups_of(offers, name_of)
    assert suggested_groups({"option_groups": groups}) == (groups, ())
    assert [group["label"]["text"] for group in groups] == [
        "Quick starts of this channel",
        "Quick starts of all channels",
        "Rooms",
        "Room ID",
    ]
    assert groups[0]["options"] == [
        {
            "text": {"type": "plain_text", "text": "lobby"},
            "value": "quick lobby",
            "description": {
                "type": "plain_text",
                "text": "Lobby &lt;kiosk&gt; · CN North-Beijing4 (cn-north-4)",
            },
        }
    ]
    assert groups[2]["options"][1] == {"text": {"type": "plain_text", "text": "r2"}, "value": "room r2"}


def test_what_came_of_saving_is_said_with_the_start_or_alone() -> None:
    assert not_saved("<lobby>", "nothing was started.").text == (
        "The quick start `&lt;lobby&gt;` was not saved: nothing was started."
    )
    both = also_not_saved(Message("It runs already."), "lobby")
    assert both.text == "It runs already.\nThe quick start `lobby` was not saved either."
    assert len(both.blocks) == 2
