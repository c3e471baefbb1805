"""What people do in messages reaches a real Bolt app, over both transports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack import Act, SlackStandIn

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]
Reached: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[None]]

AVATARS, STUDIO = "C0AVATARS1", "C0STUDIO01"
MEI, JONAS, AMARA = "U0MEI00001", "U0JONAS001", "U0AMARA001"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


OPTIONS = [{"text": plain("North"), "value": "north"}, {"text": plain("South"), "value": "south"}]
BLOCKS: list[dict[str, Any]] = [
    {
        "type": "section",
        "block_id": "job",
        "text": plain("A job"),
        "accessory": {"type": "overflow", "action_id": "more", "options": OPTIONS},
    },
    {
        "type": "actions",
        "block_id": "do",
        "elements": [
            {"type": "button", "action_id": "stop", "text": plain("Stop"), "value": "job-1"},
            {"type": "static_select", "action_id": "region", "options": OPTIONS},
            {"type": "users_select", "action_id": "who"},
        ],
    },
]


@pytest.fixture(params=["Socket Mode", "signed HTTP"])
def reached(request: pytest.FixtureRequest, slack: SlackStandIn, connected: Connected) -> Reached:
    """Let payloads reach an app over one transport for the length of an `async with`."""

    @asynccontextmanager
    async def reach(app: AsyncApp) -> AsyncIterator[None]:
        if request.param == "Socket Mode":
            async with connected(app):
                yield
            return
        runner = web.AppRunner(app.web_app(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield
        finally:
            await runner.cleanup()

    return reach


@pytest.fixture
def heard(app: AsyncApp) -> list[dict[str, Any]]:
    """Collect the payloads of all actions that the app received."""
    payloads: list[dict[str, Any]] = []

    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        payloads.append(body)
        await ack()

    for action_id in ("stop", "region", "more", "who", "again"):
        app.action(action_id)(listen)
    return payloads


@pytest.fixture
async def ts(client: AsyncWebClient) -> str:
    posted = await client.chat_postMessage(channel=AVATARS, text="A job", blocks=BLOCKS)
    return str(posted["ts"])


async def test_a_click_reaches_the_app(
    slack: SlackStandIn, app: AsyncApp, heard: list[dict[str, Any]], reached: Reached, ts: str
) -> None:
    async with reached(app):
        acted = await slack.actions.in_message(JONAS, AVATARS, ts, Act("do", "stop"))
    assert acted.error is None
    assert acted.milliseconds > 0
    [body] = heard
    [action] = body["actions"]
    assert (action["type"], action["value"], action["text"]) == ("button", "job-1", plain("Stop"))
    assert float(action["action_ts"]) > 0
    assert body["user"] == {"id": JONAS, "username": "jonas", "name": "jonas", "team_id": "T0SANDBOX1"}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": AVATARS,
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": AVATARS, "name": "avatars"}
    assert (body["message"]["ts"], body["message"]["blocks"]) == (ts, BLOCKS)
    assert body["response_url"].startswith(f"{slack.url}/actions/")
    assert slack.use_trigger(body["trigger_id"]) is None


async def test_a_choice_carries_the_option_and_stays_chosen_for_that_person(
    slack: SlackStandIn, app: AsyncApp, heard: list[dict[str, Any]], reached: Reached, ts: str
) -> None:
    async with reached(app):
        south = {"type": "static_select", "selected_option": OPTIONS[1]}
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "region", south))
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "stop"))
        await slack.actions.in_message(JONAS, AVATARS, ts, Act("do", "stop"))
    chosen, kept, others = heard
    assert chosen["actions"][0]["selected_option"] == OPTIONS[1]
    assert kept["state"]["values"]["do"]["region"] == {
        "type": "static_select",
        "selected_option": OPTIONS[1],
    }
    assert others["state"]["values"]["do"]["region"]["selected_option"] is None


async def test_an_overflow_and_a_menu_of_people(
    slack: SlackStandIn, app: AsyncApp, heard: list[dict[str, Any]], reached: Reached, ts: str
) -> None:
    async with reached(app):
        await slack.actions.in_message(MEI, AVATARS, ts, Act("job", "more", {"selected_option": "north"}))
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "who", {"selected_user": AMARA}))
    assert heard[0]["actions"][0]["selected_option"] == OPTIONS[0]
    assert "more" not in heard[0]["state"]["values"].get("job", {})
    assert heard[1]["actions"][0]["selected_user"] == AMARA


@pytest.mark.parametrize(
    ("viewer", "channel", "act", "words"),
    [
        (MEI, AVATARS, Act("do", "nothing"), "no element"),
        (MEI, AVATARS, Act("nowhere", "stop"), "no element"),
        (MEI, AVATARS, Act("do", "stop", {"type": "overflow"}), "is a button"),
        (MEI, AVATARS, Act("do", "region", {"selected_option": "west"}), "offers no option"),
        (MEI, STUDIO, Act("do", "stop"), "sees no message"),
    ],
)
async def test_impossible_actions_are_refused(
    slack: SlackStandIn, ts: str, *, viewer: str, channel: str, act: Act, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        await slack.actions.in_message(viewer, channel, ts, act)


async def test_only_a_person_who_sees_a_message_can_click_in_it(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    private = await client.chat_postMessage(channel=STUDIO, text="A job", blocks=BLOCKS)
    alone = await client.chat_postEphemeral(channel=AVATARS, user=MEI, text="A job", blocks=BLOCKS)
    for channel, ts in ((STUDIO, private["ts"]), (AVATARS, alone["message_ts"])):
        with pytest.raises(ValueError, match="sees no message"):
            await slack.actions.in_message(AMARA, channel, ts, Act("do", "stop"))


async def test_elements_without_ids_get_some(
    slack: SlackStandIn, app: AsyncApp, heard: list[dict[str, Any]], client: AsyncWebClient, reached: Reached
) -> None:
    button = {"type": "button", "text": plain("Again"), "action_id": "again"}
    blocks: list[dict[str, Any]] = [
        {"type": "actions", "elements": [button]},
        {"type": "section", "text": plain("x"), "accessory": {"type": "button", "text": plain("Nameless")}},
        {"type": "divider"},
    ]
    await client.chat_postMessage(channel=AVATARS, text="x", blocks=blocks)
    [message] = slack.messages()
    assert message.blocks[1]["accessory"]["action_id"]
    assert message.blocks[2] == {"type": "divider"}
    async with reached(app):
        act = Act(message.blocks[0]["block_id"], "again")
        await slack.actions.in_message(MEI, AVATARS, message.ts, act)
    assert heard[0]["actions"][0]["block_id"] == message.blocks[0]["block_id"]


async def test_an_ephemeral_message_is_replaced_and_deleted(
    slack: SlackStandIn, app: AsyncApp, client: AsyncWebClient, reached: Reached
) -> None:
    bodies: list[dict[str, Any]] = []

    @app.action("stop")
    async def stop(ack: AsyncAck, respond: AsyncRespond, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()
        await respond(text="Sure?", blocks=BLOCKS, replace_original=True)

    @app.action("region")
    async def region(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(delete_original=True)

    posted = await client.chat_postEphemeral(channel=AVATARS, user=MEI, text="A job", blocks=BLOCKS)
    ts = posted["message_ts"]
    async with reached(app):
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "stop"))
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "region", {"selected_option": "south"}))
        assert "message" not in bodies[0]
        assert bodies[0]["container"]["is_ephemeral"] is True
        late = await AsyncWebhookClient(bodies[0]["response_url"]).send(text="Late")
        assert late.status_code == 200
    assert [message.text for message in slack.messages(AVATARS, MEI)] == ["Late"]
    assert slack.messages(AVATARS, JONAS) == []


async def test_a_message_for_everybody_stays_one_when_replaced(
    slack: SlackStandIn, app: AsyncApp, reached: Reached, ts: str
) -> None:
    responded = asyncio.Event()

    @app.action("stop")
    async def stop(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="Stopped", replace_original=True)
        await respond(text="Psst")
        responded.set()

    async with reached(app):
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "stop"))
        await responded.wait()
    [message] = slack.messages(AVATARS, JONAS)
    assert (message.ts, message.text, message.blocks) == (ts, "Stopped", [])
    assert message.edited is not None
    assert [message.text for message in slack.messages(AVATARS, MEI)] == ["Stopped", "Psst"]


async def test_a_click_that_nobody_acknowledges_times_out(
    slack: SlackStandIn, app: AsyncApp, connected: Connected, ts: str
) -> None:
    @app.action("stop")
    async def stop() -> None:
        """Do not acknowledge."""

    async with connected(app):
        acted = await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "stop"))
    assert acted.error == "operation_timeout"


async def test_the_traffic_shows_no_secrets(
    slack: SlackStandIn, app: AsyncApp, client: AsyncWebClient, reached: Reached, ts: str
) -> None:
    secrets: list[str] = []

    @app.action("stop")
    async def stop(ack: AsyncAck, respond: AsyncRespond, body: dict[str, Any]) -> None:
        secrets.extend([body["trigger_id"], body["trigger_id"].rsplit(".", 1)[1]])
        secrets.extend([body["response_url"], body["response_url"].rsplit("/", 1)[1]])
        await ack()
        await respond("Stopped")
        await client.views_open(trigger_id=body["trigger_id"], view={"type": "modal", "blocks": []}, token="")

    async with reached(app):
        await slack.actions.in_message(MEI, AVATARS, ts, Act("do", "stop"))
    shown = repr(slack.traffic)
    assert len(secrets) == 4
    assert not [secret for secret in secrets if secret in shown]
    assert "ticket=" not in shown.replace("ticket=…", "")
    assert {"response_url", "web_api"} <= {exchange.kind for exchange in slack.traffic}
