"""From a payload to a row."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.invocation import Action, ChannelKind, Origin, Source, Status
from bot.errors import DatabaseUnavailable
from bot.listeners.origin import UNKNOWN_TEAM
from bot.reasons import other
from bot.slack.client import Installation
from tests.fakes import an_invocation, changed, flat
from tests.graph import HOME
from tests.listeners.desk import AVATARS, MEI, Desk
from tests.metastudio.cloud import NOON

TYPED = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    team_id="T0SANDBOX1",
    enterprise_id="E0SANDBOX1",
    channel_id=AVATARS,
    channel_kind=ChannelKind.PUBLIC,
    user_id=MEI,
    text="lobby",
    trigger_id="trigger-1",
    response_url="https://hooks.slack.com/commands/T/1/x",
)


def test_a_command_becomes_a_row(desk: Desk) -> None:
    assert desk.incoming.typed(desk.typing("/avatar-start", "lobby"), Action.START) == TYPED


@pytest.mark.parametrize("text", [{}, {"text": None}, {"text": ""}], ids=["missing", "null", "empty"])
def test_a_command_may_come_without_a_text_and_much_else(desk: Desk, text: dict[str, Any]) -> None:
    bare = desk.incoming.typed({"user_id": MEI, "team_id": HOME.team_id, **text}, Action.HELP)

    assert bare == an_invocation(
        id="i1",
        created_at=NOON,
        action=Action.HELP,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        team_id=HOME.team_id,
        user_id=MEI,
    )


def test_a_click_becomes_a_row_with_the_buttons_value_for_its_text(desk: Desk) -> None:
    clicked = desk.incoming.clicked(desk.clicking("lobby job-1"), Action.STOP)

    assert clicked == changed(
        TYPED,
        action=Action.STOP,
        source=Source.BUTTON,
        enterprise_id=None,
        text="lobby job-1",
        response_url="https://hooks.slack.com/actions/T/1/x",
    )


def test_a_click_on_home_comes_without_a_channel_and_an_address(desk: Desk) -> None:
    clicked = desk.incoming.clicked(desk.on_home("lobby job-1"), Action.STOP)

    assert (clicked.source, clicked.text) == (Source.HOME, "lobby job-1")
    assert (clicked.origin.channel_id, clicked.origin.response_url) == (None, None)


def test_who_opens_home_is_one_of_ours_unless_the_event_comes_from_elsewhere(desk: Desk) -> None:
    opened = desk.opening_home()

    assert desk.incoming.origin_of(opened) == Origin(user_id=MEI, team_id=HOME.team_id)
    guest = desk.incoming.origin_of(opened | {"team_id": "T0PARTNER1"})
    assert (guest.team_id, guest.foreign_team_id) == (HOME.team_id, "T0PARTNER1")


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"enterprise": {"id": "E1", "name": "Sandbox"}}, "enterprise_id", "E1"),
        ({"team": None}, "team_id", HOME.team_id),
        ({"channel": None}, "channel_id", None),
        ({"actions": [{"type": "button"}]}, "text", ""),
        ({"actions": [{"type": "button", "value": None}]}, "text", ""),
        ({"response_url": None}, "response_url", None),
    ],
    ids=["on a grid", "no team", "in a modal", "no value", "null", "no address"],
)
def test_a_click_may_leave_much_out(desk: Desk, changes: dict[str, Any], column: str, value: object) -> None:
    clicked = desk.incoming.clicked(desk.clicking("lobby job-1", **changes), Action.STOP)

    assert getattr(flat(clicked), column) == value


@pytest.mark.parametrize(
    ("channel_id", "name", "kind"),
    [
        ("C0AVATARS1", "avatars", ChannelKind.PUBLIC),
        ("C0STUDIO01", "privategroup", ChannelKind.PRIVATE),
        ("G0STUDIO01", "privategroup", ChannelKind.PRIVATE),
        ("G0STUDIO01", "studio", ChannelKind.PRIVATE),
        ("D0MEI00001", "directmessage", ChannelKind.DIRECT),
        ("D0MEI00001", "mei", ChannelKind.DIRECT),
        ("D0MEI00001", None, ChannelKind.DIRECT),
        ("G0TRIO0001", "mpdm-mei--jonas--amara-1", ChannelKind.DIRECT),
        ("C0TRIO0001", "mpdm-mei--jonas--amara-1", ChannelKind.DIRECT),
        ("C0AVATARS1", None, None),
        ("C0AVATARS1", "", None),
        (None, None, None),
    ],
)
def test_who_can_read_the_channel_is_kept(
    desk: Desk, channel_id: str | None, name: str | None, kind: ChannelKind | None
) -> None:
    typed = desk.incoming.typed(desk.typing("/avatar", channel_id=channel_id, channel_name=name), Action.HELP)
    channel = {"id": channel_id, "name": name}
    clicked = desk.incoming.clicked(desk.clicking("", channel=channel), Action.LOOK)

    assert (typed.origin.channel_kind, clicked.origin.channel_kind) == (kind, kind)


PARTNER = "T0PARTNER1"
GRID = replace(HOME, enterprise_id="E0SANDBOX1")
ORG_WIDE = replace(GRID, is_org_wide=True)


@pytest.mark.parametrize(
    ("home", "team_id", "enterprise_id", "foreign"),
    [
        (HOME, HOME.team_id, None, None),
        (HOME, PARTNER, None, PARTNER),
        (HOME, PARTNER, "E0PARTNER1", PARTNER),
        (HOME, None, None, UNKNOWN_TEAM),
        (GRID, GRID.team_id, "E0SANDBOX1", None),
        (GRID, "E0SANDBOX1", "E0SANDBOX1", None),
        (GRID, "T0SISTER01", "E0SANDBOX1", "T0SISTER01"),
        (ORG_WIDE, "T0SISTER01", "E0SANDBOX1", None),
        (ORG_WIDE, None, "E0SANDBOX1", None),
        (ORG_WIDE, PARTNER, "E0PARTNER1", PARTNER),
        (ORG_WIDE, PARTNER, None, PARTNER),
    ],
)
def test_a_person_of_another_workspace_is_known_as_such(
    desk: Desk, home: Installation, team_id: str | None, enterprise_id: str | None, foreign: str | None
) -> None:
    incoming = replace(desk.incoming, home=home)
    typed = incoming.typed(desk.typing("/avatar", team_id=team_id, enterprise_id=enterprise_id), Action.HELP)
    payload = desk.clicking("", user={"id": MEI, "team_id": team_id}, team=None)
    payload["enterprise"] = enterprise_id and {"id": enterprise_id, "name": "Sandbox"}
    clicked = incoming.clicked(payload, Action.LOOK)

    assert (typed.origin.foreign_team_id, clicked.origin.foreign_team_id) == (foreign, foreign)
    assert typed.origin.team_id == (home.team_id if foreign else team_id)


def test_the_persons_team_counts_not_the_channels(desk: Desk) -> None:
    theirs = desk.clicking("", user={"id": MEI, "team_id": PARTNER})
    hosted_there = desk.clicking("", team={"id": PARTNER, "domain": "partner"})

    assert desk.incoming.clicked(theirs, Action.STOP).origin.foreign_team_id == PARTNER
    assert desk.incoming.clicked(theirs, Action.STOP).origin.team_id == HOME.team_id
    assert desk.incoming.clicked(hosted_there, Action.STOP).origin.foreign_team_id is None


async def test_what_is_answered_at_once_is_logged_without_its_address(desk: Desk) -> None:
    assert await desk.incoming.close(TYPED, Status.INVALID, other("No such region."))
    assert await desk.row() == changed(
        TYPED, status=Status.INVALID, reason=other("No such region."), response_url=None
    )


async def test_the_same_delivery_is_logged_once(desk: Desk) -> None:
    assert await desk.incoming.close(TYPED, Status.DONE)
    assert not await desk.incoming.close(replace(TYPED, id="i2"), Status.DONE)
    assert len(await desk.rows()) == 1


async def test_what_cannot_be_logged_is_said_to_be_so(desk: Desk) -> None:
    desk.log.shut = True
    with pytest.raises(DatabaseUnavailable):
        await desk.incoming.close(TYPED, Status.DONE)


@pytest.mark.parametrize("team", [None, {"id": PARTNER, "domain": "partner"}], ids=["none", "a partner's"])
async def test_a_panel_works_whatever_team_its_channel_has(desk: Desk, team: dict[str, str] | None) -> None:
    await desk.types("/avatar", "quick add hall 24bad716-87b1-45e5-8912-6102f7693265")
    await desk.clicks("quick_start", "hall", team=team)
    desk.clock.advance(minutes=5)
    assert "is starting already" in (await desk.types("/avatar-start", "hall"))["text"]
    assert len(desk.cloud.started) == 1
