import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, Tokens

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]

MEI, JONAS = "U0MEI00001", "U0JONAS001"


async def open_socket(
    session: aiohttp.ClientSession, slack: SlackStandIn, tokens: Tokens
) -> aiohttp.ClientWebSocketResponse:
    opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=tokens.app_token)
    return await session.ws_connect(opened["url"])


async def test_a_command_reaches_the_app_and_its_ack_the_person(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"Starting {command['text']} for {command['user_name']}")

    async with connected(app):
        result = await slack.command("/avatar-start", "room-1 cn-north-4", user=JONAS)
    assert result.error is None
    assert result.ack == {"text": "Starting room-1 cn-north-4 for jonas"}
    assert 0 < result.milliseconds < 900
    [message] = slack.messages(viewer=JONAS)
    assert message.text == "Starting room-1 cn-north-4 for jonas"
    assert (message.origin, message.visible_to) == ("ack", JONAS)
    assert slack.messages(viewer=MEI) == []


async def test_an_ack_in_channel_is_for_everybody(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack(text="Hello", response_type="in_channel")

    async with connected(app):
        await slack.command("/avatar-start")
    assert [message.text for message in slack.messages(viewer=JONAS)] == ["Hello"]


async def test_an_empty_ack_shows_nothing(slack: SlackStandIn, app: AsyncApp, connected: Connected) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack()

    async with connected(app):
        result = await slack.command("/avatar-start")
    assert (result.ack, result.error) == (None, None)
    assert slack.messages() == []


async def test_an_ack_with_broken_blocks_is_an_error(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack(text="Hello", blocks=[{"type": "teapot"}])

    async with connected(app):
        result = await slack.command("/avatar-start")
    assert result.error == "invalid_command_response"
    assert result.problems == ("unsupported type: teapot [json-pointer:/blocks/0/type]",)
    [notice] = slack.messages()
    assert notice.text == "/avatar-start failed with the error “invalid_command_response”"


async def test_a_late_ack_is_a_timeout(tokens: Tokens) -> None:
    async with (
        SlackStandIn(tokens, ack_seconds=0.1) as slack,
        aiohttp.ClientSession() as session,
        await open_socket(session, slack, tokens) as socket,
    ):
        assert (await socket.receive_json())["type"] == "hello"
        typing = asyncio.create_task(slack.command("/avatar-start"))
        envelope = await socket.receive_json()
        result = await typing
        assert result.error == "operation_timeout"
        assert 100 <= result.milliseconds < 500
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "Sorry"}})
        async with asyncio.timeout(2):
            while not any(exchange.answer == "too late" for exchange in slack.traffic):  # noqa: ASYNC110 - polls
                await asyncio.sleep(0.01)
        [notice] = slack.messages()
        assert notice.text == "/avatar-start failed with the error “operation_timeout”"
        assert (notice.user, notice.visible_to, notice.origin) == ("USLACKBOT", MEI, "notice")


async def test_without_a_socket_nothing_is_dispatched(slack: SlackStandIn) -> None:
    result = await slack.command("/avatar-start", "room-1")
    assert (result.error, result.ack) == ("dispatch_failed", None)


async def test_each_payload_goes_to_one_socket(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    heard: list[str] = []

    @app.command("/avatar-start")
    async def start(ack: AsyncAck, command: dict[str, Any]) -> None:
        heard.append(command["text"])
        await ack()

    async with connected(app), connected(app), connected(app):
        assert slack.open_sockets == 3
        await asyncio.gather(*(slack.command("/avatar-start", str(n)) for n in range(12)))
    assert sorted(heard, key=int) == [str(n) for n in range(12)]


async def test_sockets_take_turns(slack: SlackStandIn, tokens: Tokens) -> None:
    async with (
        aiohttp.ClientSession() as session,
        await open_socket(session, slack, tokens) as one,
        await open_socket(session, slack, tokens) as two,
    ):
        hellos = [await one.receive_json(), await two.receive_json()]
        assert [hello["num_connections"] for hello in hellos] == [1, 2]
        for socket in (one, two):
            typing = asyncio.create_task(slack.command("/avatar-start"))
            envelope = await socket.receive_json()
            assert envelope["type"] == "slash_commands"
            assert envelope["accepts_response_payload"] is True
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            assert (await typing).error is None


async def test_a_ticket_is_good_for_one_connection(slack: SlackStandIn, tokens: Tokens) -> None:
    opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=tokens.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_an_eleventh_socket_is_turned_away(slack: SlackStandIn, tokens: Tokens) -> None:
    async with aiohttp.ClientSession() as session:
        ten = [await open_socket(session, slack, tokens) for _ in range(10)]
        assert (await ten[-1].receive_json())["num_connections"] == 10
        eleventh = await open_socket(session, slack, tokens)
        assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
        assert slack.open_sockets == 10


async def test_answers_pings(slack: SlackStandIn, tokens: Tokens) -> None:
    async with aiohttp.ClientSession() as session:
        opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(
            app_token=tokens.app_token
        )
        async with session.ws_connect(opened["url"], autoping=False) as socket:
            await socket.receive_json()
            await socket.ping(b"still there?")
            assert (await socket.receive(timeout=1)).type is aiohttp.WSMsgType.PONG


async def test_an_unreadable_ack_harms_nobody(slack: SlackStandIn, tokens: Tokens) -> None:
    async with aiohttp.ClientSession() as session, await open_socket(session, slack, tokens) as socket:
        await socket.receive_json()
        for nonsense in ("{", "[]", '"x"', "{}"):
            await socket.send_str(nonsense)
        typing = asyncio.create_task(slack.command("/avatar-start"))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": ["not", "an", "object"]})
        assert (await typing).error == "invalid_command_response"


async def test_the_app_comes_back_when_asked_to_reconnect(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack()

    async with connected(app):
        await slack.disconnect()
        assert slack.open_sockets == 0
        assert (await slack.command("/avatar-start")).error == "dispatch_failed"
        async with asyncio.timeout(5):
            await slack.wait_until_connected()
        assert (await slack.command("/avatar-start")).error is None


async def test_the_app_comes_back_after_its_sockets_were_dropped(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack()

    async with connected(app):
        slack.abort_sockets()
        assert slack.open_sockets == 0
        async with asyncio.timeout(10):
            await slack.wait_until_connected()
        assert (await slack.command("/avatar-start")).error is None


async def test_fifty_people_at_once_are_no_trouble(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack("ok")

    async with connected(app):
        results = await asyncio.gather(*(slack.command("/avatar-start", str(n)) for n in range(50)))
    assert {result.error for result in results} == {None}
    assert len(slack.messages()) == 50


async def test_ends_at_once_with_sockets_open(tokens: Tokens) -> None:
    slack = SlackStandIn(tokens)
    await slack.start()
    async with aiohttp.ClientSession() as session, await open_socket(session, slack, tokens) as socket:
        await socket.receive_json()
        async with asyncio.timeout(2):
            await slack.close()


async def test_traffic_tells_of_envelopes_and_acks(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack("ok")

    async with connected(app):
        await slack.command("/avatar-start", "room-1")
    [envelope] = [exchange for exchange in slack.traffic if exchange.kind == "envelope"]
    [ack] = [exchange for exchange in slack.traffic if exchange.kind == "ack"]
    assert envelope.sent["payload"]["text"] == "room-1"
    assert envelope.sent["payload"]["token"] == "…"
    assert ack.name == envelope.name
    assert ack.sent == {"text": "ok"}
    assert ack.milliseconds is not None
