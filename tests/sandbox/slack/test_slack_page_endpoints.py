"""The endpoints that the page uses, and who may use them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, SlashCommand, Tokens
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.stream import Stream

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]
Eventually: TypeAlias = Callable[[Callable[[], object]], Awaitable[None]]

AVATARS = "C0AVATARS1"
MEI, JONAS = "U0MEI00001", "U0JONAS001"
BUTTON = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}}
BLOCKS = [{"type": "actions", "block_id": "do", "elements": [BUTTON]}]
MODAL = {
    "type": "modal",
    "callback_id": "start",
    "title": {"type": "plain_text", "text": "Start"},
    "submit": {"type": "plain_text", "text": "Start"},
    "blocks": BLOCKS,
}


@pytest.fixture
async def outside(slack: SlackStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=slack.url) as session:
        yield session


async def get(outside: aiohttp.ClientSession, path: str) -> Any:
    return await (await outside.get(path)).json()


async def post(outside: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> Any:
    return await (await outside.post(path, json=body)).json()


async def kinds(stream: aiohttp.ClientResponse, wanted: set[str]) -> set[str]:
    """Read the stream until it has reported all wanted kinds."""
    told: set[str] = set()
    async with asyncio.timeout(3):
        while not wanted <= told:
            line = (await stream.content.readline()).decode()
            if line.startswith("data: "):
                told.add(json.loads(line.removeprefix("data: "))["kind"])
    return told


async def test_a_message_and_a_form_from_outside(
    slack: SlackStandIn,
    app: AsyncApp,
    *,
    client: AsyncWebClient,
    connected: Connected,
    outside: aiohttp.ClientSession,
    eventually: Eventually,
) -> None:
    @app.action("stop")
    async def stop(ack: AsyncAck, body: dict[str, Any]) -> None:
        if "view" not in body:
            await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
        await ack()

    @app.view("start")
    async def start(ack: AsyncAck) -> None:
        await ack()

    @app.event("app_home_opened")
    async def home(event: dict[str, Any]) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": BLOCKS})

    posted = await client.chat_postMessage(channel=AVATARS, text="x", blocks=BLOCKS)
    click = {"viewer": MEI, "block_id": "do", "action_id": "stop", "type": "button"}
    async with connected(app):
        in_message = click | {"channel": AVATARS, "message_ts": posted["ts"]}
        assert (await post(outside, "/sandbox/actions", in_message))["error"] is None
        [view] = (await get(outside, f"/sandbox/views?viewer={MEI}"))["views"]
        assert {"id", "hash", "state", "blocks", "title"} <= view.keys()
        in_view = click | {"view_id": view["id"], "values": {}}
        assert (await post(outside, "/sandbox/actions", in_view))["error"] is None
        form = {"viewer": MEI, "view_id": view["id"], "values": {}}
        result = await post(outside, "/sandbox/views/submit", form)
        assert (result["error"], result["errors"]) == (None, None)
        assert (await get(outside, f"/sandbox/views?viewer={MEI}"))["views"] == []
        await post(outside, "/sandbox/actions", in_message)
        [view] = (await get(outside, f"/sandbox/views?viewer={MEI}"))["views"]
        closed = await post(outside, "/sandbox/views/close", {"viewer": MEI, "view_id": view["id"]})
        assert closed["error"] is None
        assert await get(outside, f"/sandbox/home?viewer={MEI}") == {"view": None}
        assert (await post(outside, "/sandbox/home/open", {"viewer": MEI}))["error"] is None
        await eventually(lambda: slack.views.home(MEI))
        assert (await get(outside, f"/sandbox/home?viewer={MEI}"))["view"]["type"] == "home"


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/sandbox/actions", {"viewer": MEI}, "block_id is missing"),
        ("POST", "/sandbox/actions", {"viewer": "U1"}, "nobody here"),
        ("POST", "/sandbox/actions", {"viewer": 1}, "viewer must be a string"),
        (
            "POST",
            "/sandbox/actions",
            {"viewer": MEI, "block_id": "a", "action_id": "b"},
            "channel is missing",
        ),
        (
            "POST",
            "/sandbox/views/submit",
            {"viewer": MEI, "view_id": "V1", "values": []},
            "must be an object",
        ),
        ("POST", "/sandbox/views/submit", {"viewer": MEI, "view_id": "V1"}, "no modal"),
        ("POST", "/sandbox/views/close", {"viewer": MEI, "view_id": "V1"}, "no modal"),
        ("POST", "/sandbox/home/open", {}, "viewer is missing"),
        ("GET", "/sandbox/views", None, "viewer is missing"),
        ("GET", "/sandbox/home?viewer=U1", None, "nobody here"),
        ("GET", "/sandbox/traffic?after=x", None, "after is the number"),
    ],
)
async def test_malformed_requests_are_refused(
    outside: aiohttp.ClientSession, method: str, path: str, body: Any, words: str
) -> None:
    response = await outside.request(method, path, json=body)
    assert response.status == 400
    assert words in (await response.json())["error"]


async def test_an_unknown_command_is_for_slack_to_answer(
    slack: SlackStandIn, outside: aiohttp.ClientSession
) -> None:
    slack.commands = [SlashCommand("/avatar-start", "Start an avatar", "room_id")]
    assert (await get(outside, "/sandbox/workspace"))["commands"] == [
        {"command": "/avatar-start", "description": "Start an avatar", "usage_hint": "room_id"}
    ]
    result = await post(outside, "/sandbox/commands", {"command": "/foo", "user": JONAS, "channel": AVATARS})
    assert result["error"] == "unknown_command"
    [notice] = (await get(outside, f"/sandbox/messages?viewer={JONAS}"))["messages"]
    assert notice["text"] == "`/foo` is not a valid command."
    assert (notice["user"], notice["origin"]) == ("USLACKBOT", "notice")
    assert (await get(outside, f"/sandbox/messages?viewer={MEI}"))["messages"] == []
    assert not slack.traffic


async def test_the_workspace_says_where_the_bot_is(outside: aiohttp.ClientSession) -> None:
    workspace = await get(outside, "/sandbox/workspace")
    assert workspace["team"]["id"] == "T0SANDBOX1"
    assert {channel["name"]: channel["bot_is_member"] for channel in workspace["channels"]} == {
        "avatars": True,
        "general": False,
        "studio": True,
        "plans": False,
        "mpdm-mei--jonas--amara-1": False,
        "jonas": False,
    }


async def test_ephemeral_messages_stay_in_their_channel(
    slack: SlackStandIn, client: AsyncWebClient, outside: aiohttp.ClientSession
) -> None:
    await client.chat_postEphemeral(channel="C0STUDIO01", user=JONAS, text="Psst")
    slack.workspace.remove("C0STUDIO01", JONAS)
    assert (await get(outside, f"/sandbox/messages?viewer={JONAS}"))["messages"] == []


async def test_traffic_is_counted(client: AsyncWebClient, outside: aiohttp.ClientSession) -> None:
    for _ in range(3):
        await client.auth_test()
    traffic = (await get(outside, "/sandbox/traffic?after=1"))["traffic"]
    assert [exchange["n"] for exchange in traffic] == [2, 3]


async def test_every_page_is_told_what_changed(
    slack: SlackStandIn, client: AsyncWebClient, outside: aiohttp.ClientSession
) -> None:
    streams = [await outside.get("/sandbox/stream") for _ in range(3)]
    assert {stream.content_type for stream in streams} == {"text/event-stream"}
    await client.chat_postMessage(channel=AVATARS, text="x")
    for stream in streams:
        assert await kinds(stream, {"messages", "traffic"}) == {"messages", "traffic"}
    slack.workspace.invite("C0PLANS001", JONAS)
    await client.views_publish(user_id=MEI, view={"type": "home", "blocks": []})
    for stream in streams:
        await kinds(stream, {"workspace", "home"})
        stream.close()


async def test_a_burst_is_reported_in_few_events(slack: SlackStandIn, outside: aiohttp.ClientSession) -> None:
    async with outside.get("/sandbox/stream") as stream:
        for _ in range(200):
            slack.changes.tell("log")
            await asyncio.sleep(0)
        slack.changes.tell("views")
        lines: list[bytes] = []
        async with asyncio.timeout(3):
            while not any(b"views" in line for line in lines):
                lines.append(await stream.content.readline())
    assert sum(b"log" in line for line in lines) <= 3


async def test_the_stand_in_ends_at_once_with_pages_open(tokens: Tokens) -> None:
    slack = SlackStandIn(tokens)
    await slack.start()
    async with aiohttp.ClientSession(base_url=slack.url) as outside:
        streams = [await outside.get("/sandbox/stream") for _ in range(5)]
        async with asyncio.timeout(0.5):
            await slack.close()
        for stream in streams:
            await stream.content.read()
    assert not slack.changes.heard


async def test_a_silent_stream_sends_signs_of_life() -> None:
    changes = Changes()
    application = aiohttp.web.Application()
    Stream(changes, heartbeat_seconds=0.01).register(application)
    runner = aiohttp.web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/sandbox/stream"
    async with aiohttp.ClientSession() as session, session.get(address) as stream, asyncio.timeout(2):
        lines = [await stream.content.readline() for _ in range(3)]
    assert lines[2] == b": still here\n"
    changes.release()
    await runner.cleanup()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8008", "Origin": "http://evil.example:8008"},
        {"Host": "203.0.113.5"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": ":"},
    ],
)
async def test_other_pages_are_turned_away(
    slack: SlackStandIn, outside: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    wish = {"kind": "clear"}
    response = await outside.post("/sandbox/trouble", json=wish, headers=headers)
    assert response.status == 403
    assert "error" in await response.json()


async def test_the_page_itself_and_tools_are_let_in(
    slack: SlackStandIn, outside: aiohttp.ClientSession
) -> None:
    port = slack.url.rsplit(":", 1)[1]
    for headers in (
        {},
        {"Origin": slack.url},
        {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"},
        {"Host": f"[::1]:{port}"},
    ):
        response = await outside.post("/sandbox/trouble", json={"kind": "clear"}, headers=headers)
        assert response.status == 200
