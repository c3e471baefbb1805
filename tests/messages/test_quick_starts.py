"""Quick starts as people read them, and within what Slack takes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.invocation import JobInvocation
from bot.domain.quick_start import Listed, QuickStart, listed
from bot.domain.room_names import By
from bot.domain.start_words import Meant
from bot.messages.message import Message
from bot.messages.quick_starts import (
    MOST_BUTTONS,
    added,
    panel,
    quick_list,
    removed,
    starting_as,
    stopping_one_of,
    usage,
)
from tests.fakes import changed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LOBBY = QuickStart(
    id="q1",
    team_id="T1",
    channel_id="C1",
    name="lobby",
    room_id="24bad716-87b1-45e5-8912-6102f7693265",
    region="cn-north-4",
    room_type="METALINK",
    client_id="kiosk<7>",
    user_id="U0MEI00001",
    created_at=NOON,
)
EVERYWHERE = replace(LOBBY, id="q2", channel_id=None, region=None, room_type=None, client_id=None)

AssertGolden = Callable[[str, Message], None]
WrongWith = Callable[[Message], list[str]]


def name_of(_room_id: str) -> str | None:
    return "Lobby *kiosk*"


def nameless(_room_id: str) -> str | None:
    return None


def many(count: int) -> list[Listed]:
    """As many with the longest of names."""
    return listed(
        replace(LOBBY, id=f"q{number}", name=f"{number:03}{'x' * 29}", client_id="&" * 128)
        for number in range(count)
    )


def test_the_answers_are_those_that_were_read(assert_golden: AssertGolden, invocation: JobInvocation) -> None:
    assert_golden("quick_usage", usage("/avatar"))
    assert_golden("quick_added", added(LOBBY, name_of, hides=True))
    assert_golden("quick_removed", removed(EVERYWHERE, nameless))
    assert_golden("quick_list", quick_list(listed([LOBBY, EVERYWHERE]), name_of))
    assert_golden("quick_panel", panel(listed([LOBBY, EVERYWHERE, replace(EVERYWHERE, name="hall")])))
    assert_golden("quick_panel_empty", panel([]))
    assert_golden("quick_starting", starting_as(invocation, Meant("lobby", By.QUICK_START_EVERYWHERE)))
    jobs = [changed(invocation, job_id=f"job-{number}") for number in (1, 2)]
    assert_golden("quick_stopping_one_of", stopping_one_of("lobby", jobs, NOON))


@pytest.mark.parametrize("count", [1, 25, 26, MOST_BUTTONS, 2 * MOST_BUTTONS])
def test_however_many_there_are_slack_takes_the_panel_and_the_list(count: int, wrong_with: WrongWith) -> None:
    shown = panel(many(count))
    buttons = [button for block in shown.blocks if block["type"] == "actions" for button in block["elements"]]

    assert wrong_with(shown) == []
    assert len(buttons) == min(count, MOST_BUTTONS)
    assert ("and 200 more" in str(shown.blocks[-1])) == (count > MOST_BUTTONS)
    assert wrong_with(quick_list(many(count), name_of)) == []


def test_what_a_channel_hides_has_no_button() -> None:
    shown = panel(listed([LOBBY, EVERYWHERE]))
    [row] = [block for block in shown.blocks if block["type"] == "actions"]
    assert len(row["elements"]) == 1


def test_a_list_can_be_asked_for_by_a_beginning() -> None:
    found = listed([LOBBY, replace(EVERYWHERE, name="hall")])
    assert "`hall`" not in quick_list(found, nameless, beginning="lo").text
    assert "whose name begins with `x`" in quick_list(found, nameless, beginning="x").text
