"""What of a payload becomes a row."""

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import LogUnavailable
from bot.listeners.reception import say
from bot.messages.message import Message, section
from bot.model import Action, ChannelKind, Invocation, Source, Status
from tests.listeners.desk import AVATARS, HOME, MEI, Desk, an_ack
from tests.metastudio.cloud import NOON

TYPED = Invocation(
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
    assert desk.reception.typed(desk.typing("/avatar-start", "lobby"), Action.START) == TYPED


@pytest.mark.parametrize("text", [{}, {"text": None}, {"text": ""}], ids=["missing", "null", "empty"])
def test_a_command_may_come_without_a_text_and_much_else(desk: Desk, text: dict[str, Any]) -> None:
    bare = desk.reception.typed({"user_id": MEI, "team_id": HOME.team_id, **text}, Action.HELP)

    assert bare == Invocation(
        id="i1",
        created_at=NOON,
        action=Action.HELP,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        team_id=HOME.team_id,
        user_id=MEI,
    )


def test_a_click_becomes_a_row_with_the_buttons_value_for_its_text(desk: Desk) -> None:
    clicked = desk.reception.clicked(desk.clicking("lobby job-1"), Action.STOP)

    assert clicked == replace(
        TYPED,
        action=Action.STOP,
        source=Source.BUTTON,
        enterprise_id=None,
        text="lobby job-1",
        response_url="https://hooks.slack.com/actions/T/1/x",
    )


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"enterprise": {"id": "E1", "name": "Sandbox"}}, "enterprise_id", "E1"),
        ({"team": None}, "team_id", None),
        ({"channel": None}, "channel_id", None),
        ({"actions": [{"type": "button"}]}, "text", ""),
        ({"actions": [{"type": "button", "value": None}]}, "text", ""),
        ({"response_url": None}, "response_url", None),
    ],
    ids=["on a grid", "no team", "in a modal", "no value", "null", "no address"],
)
def test_a_click_may_leave_much_out(desk: Desk, changes: dict[str, Any], column: str, value: object) -> None:
    clicked = desk.reception.clicked(desk.clicking("lobby job-1", **changes), Action.STOP)

    assert getattr(clicked, column) == value


async def test_what_is_answered_at_once_is_logged_without_its_address(desk: Desk) -> None:
    assert await desk.reception.close(TYPED, Status.INVALID, "No such region.")
    assert await desk.row() == replace(
        TYPED, status=Status.INVALID, reason="No such region.", response_url=None
    )


async def test_the_same_delivery_is_logged_once(desk: Desk) -> None:
    assert await desk.reception.close(TYPED, Status.DONE)
    assert not await desk.reception.close(replace(TYPED, id="i2"), Status.DONE)
    assert len(await desk.rows()) == 1


async def test_what_cannot_be_logged_is_said_to_be_so(desk: Desk) -> None:
    desk.log.shut = True
    with pytest.raises(LogUnavailable):
        await desk.reception.close(TYPED, Status.DONE)


async def test_words_of_an_ack_are_for_the_person_alone() -> None:
    ack = an_ack()
    await say(ack, Message("Starting …", (section("*Starting …*"),)))

    assert ack.response is not None
    assert ack.response.status == 200
    assert '"response_type": "ephemeral"' in ack.response.body
    assert "*Starting" in ack.response.body
