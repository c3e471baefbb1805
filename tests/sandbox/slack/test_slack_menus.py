"""Menus whose options the app makes, conversations to choose, and shortcuts."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import KnownShortcut, SlackStandIn
from bot.sandbox.slack.suggestions import suggested_groups

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]

MEI, PRIYA = "U0MEI00001", "U0PRIYA001"
AVATARS, GENERAL, PLANS = "C0AVATARS1", "C0GENERAL1", "C0PLANS001"
SHORTCUTS = (KnownShortcut("open", "Open"), KnownShortcut("open_from", "Open", of_messages=True))


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value), "value": value}


def modal(**of_room: Any) -> dict[str, Any]:
    room = {"type": "external_select", "action_id": "search"} | of_room
    channel = {
        "type": "conversations_select",
        "action_id": "choose",
        "default_to_current_conversation": True,
        "response_url_enabled": True,
    }
    return {
        "type": "modal",
        "callback_id": "start",
        "title": plain("Start"),
        "submit": plain("Start"),
        "blocks": [
            {"type": "input", "block_id": "room", "label": plain("Room"), "element": room},
            {"type": "input", "block_id": "channel", "label": plain("Channel"), "element": channel},
        ],
    }


@pytest.fixture
def received(app: AsyncApp, client: AsyncWebClient, slack: SlackStandIn) -> list[dict[str, Any]]:
    """Let shortcuts open the modal; return what the app receives."""
    bodies: list[dict[str, Any]] = []
    slack.known_shortcuts = SHORTCUTS

    @app.shortcut("open")
    @app.shortcut("open_from")
    async def open_modal(ack: AsyncAck, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(min_query_length=0))

    @app.options("search")
    async def search(ack: AsyncAck, body: dict[str, Any]) -> None:
        bodies.append(body)
        match body["value"]:
            case "slow":
                await asyncio.sleep(3)
            case "many":
                await ack(options=[option(str(number)) for number in range(101)])
            case "none":
                await ack(options=[])
            case value:
                groups = [{"label": plain("Rooms"), "options": [option(value or "lobby")]}]
                await ack(option_groups=groups)

    @app.view("start")
    async def submit(ack: AsyncAck, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    return bodies


async def until_opened(slack: SlackStandIn) -> str:
    async with asyncio.timeout(2):
        while not slack.views.stack(MEI):  # noqa: ASYNC110 - the app opens it after its ack
            await asyncio.sleep(0.01)
    return slack.views.stack(MEI)[-1].id


async def test_what_is_typed_in_a_menu_is_answered_with_options(
    slack: SlackStandIn, app: AsyncApp, connected: Connected, received: list[dict[str, Any]]
) -> None:
    async with connected(app):
        await slack.shortcuts.use(MEI, "open", GENERAL)
        view_id = await until_opened(slack)
        found = await slack.forms.suggest(MEI, view_id, "room", "search", "")
        assert found.groups == [{"label": plain("Rooms"), "options": [option("lobby")]}]
        assert (await slack.forms.suggest(MEI, view_id, "room", "search", "none")).groups == [{"options": []}]
        many = await slack.forms.suggest(MEI, view_id, "room", "search", "many")
        assert (many.error, many.groups) == ("invalid_response", [])
        assert "no more than 100 items" in many.problems[0]
        slow = await slack.forms.suggest(MEI, view_id, "room", "search", "slow")
        assert slow.error == "operation_timeout"

        asked = received[1]
        assert (asked["type"], asked["action_id"], asked["block_id"]) == (
            "block_suggestion",
            "search",
            "room",
        )
        assert asked["view"]["id"] == view_id
        assert "trigger_id" not in asked


async def test_the_conversation_that_was_open_is_chosen_and_comes_with_an_address(
    slack: SlackStandIn, app: AsyncApp, connected: Connected, received: list[dict[str, Any]]
) -> None:
    async with connected(app):
        await slack.shortcuts.use(MEI, "open", GENERAL)
        view_id = await until_opened(slack)
        chosen = {"type": "external_select", "selected_option": option("lobby")}
        submitted = await slack.forms.submit(MEI, view_id, {"room": {"search": chosen}})
        assert submitted.errors is None
        assert "channel" not in received[0], "a global shortcut does not tell where it was used"
        values = received[-1]["view"]["state"]["values"]
        assert values["channel"]["choose"]["selected_conversation"] == GENERAL
        [address] = received[-1]["response_urls"]
        assert (address["channel_id"], address["block_id"]) == (GENERAL, "channel")
        assert address["response_url"] in slack.issued_response_urls


async def test_a_message_shortcut_tells_its_message_and_channel(
    slack: SlackStandIn, app: AsyncApp, connected: Connected, received: list[dict[str, Any]]
) -> None:
    message = slack.say("Hello", user=MEI, channel=GENERAL)
    async with connected(app):
        assert (await slack.shortcuts.use_on(MEI, "open_from", GENERAL, message.ts)).error is None
        await until_opened(slack)
    [body] = received
    assert (body["type"], body["channel"]["id"], body["message"]["text"]) == (
        "message_action",
        GENERAL,
        "Hello",
    )
    assert body["response_url"] in slack.issued_response_urls


async def test_what_nobody_could_do_is_refused_in_words(slack: SlackStandIn) -> None:
    slack.known_shortcuts = SHORTCUTS
    slack.views.open(MEI, modal())
    [view] = slack.views.stack(MEI)
    with pytest.raises(ValueError, match="once 3 characters are typed"):
        await slack.forms.suggest(MEI, view.id, "room", "search", "lo")
    with pytest.raises(ValueError, match="do not come from the app"):
        await slack.forms.suggest(MEI, view.id, "channel", "choose", "lobby")
    for name in ("open_from", "unknown"):
        with pytest.raises(ValueError, match="no such shortcut"):
            await slack.shortcuts.use(MEI, name, AVATARS)
    with pytest.raises(ValueError, match="sees no channel"):
        await slack.shortcuts.use(PRIYA, "open", PLANS)
    with pytest.raises(ValueError, match="sees no message"):
        await slack.shortcuts.use_on(MEI, "open_from", AVATARS, "1.000000")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"min_query_length": "3"}, "must be an integer"),
        ({"options": [option("a")]}, "invalid additional property: options"),
        ({"initial_option": {"text": plain("x" * 76), "value": "x"}}, "must be less than 76 characters"),
    ],
)
async def test_a_menu_that_slack_refuses(
    slack: SlackStandIn, client: AsyncWebClient, wrong: dict[str, Any], words: str
) -> None:
    trigger_id = slack._triggers.issue(MEI)
    with pytest.raises(SlackApiError) as caught:
        await client.views_open(trigger_id=trigger_id, view=modal(**wrong))
    assert words in str(caught.value.response["response_metadata"]["messages"])


@pytest.mark.parametrize("ack", [None, {}, {"options": [], "option_groups": []}, {"option_groups": []}, "x"])
def test_an_answer_that_is_no_list_of_options(ack: Any) -> None:
    groups, problems = suggested_groups(ack)
    assert groups == []
    assert problems
