import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack import SlackStandIn
from tests.clock import Clock
from tests.stage import until

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]

GENERAL = "C0GENERAL1"
MEI, JONAS = "U0MEI00001", "U0JONAS001"


@pytest.fixture
async def response_url(slack: SlackStandIn, app: AsyncApp, connected: Connected) -> str:
    """The response_url of a command that Mei typed in a channel without the bot."""

    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack()

    async with connected(app):
        await slack.command("/avatar-start", "room-1", user=MEI, channel=GENERAL)
    return slack.issued_response_urls[-1]


async def post(url: str, body: Any) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body if isinstance(body, str) else json.dumps(body)) as response,
    ):
        return response.status, await response.text()


async def test_bolt_responds_where_the_bot_is_not_a_member(
    slack: SlackStandIn, app: AsyncApp, connected: Connected
) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        answer = await respond("Started", response_type="in_channel")
        assert (answer.status_code, answer.body) == (200, "ok")
        await respond("Only for you")

    async with connected(app):
        await slack.command("/avatar-start", channel=GENERAL)
        await until(lambda: len(slack.messages(GENERAL, MEI)) == 2)
    assert [message.text for message in slack.messages(GENERAL, JONAS)] == ["Started"]
    assert [message.text for message in slack.messages(GENERAL, MEI)] == ["Started", "Only for you"]


async def test_is_good_for_five_uses(slack: SlackStandIn, response_url: str) -> None:
    hook = AsyncWebhookClient(response_url)
    answers = [await hook.send(text=str(n)) for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert json.loads(answers[-1].body) == {"ok": False, "error": "used_url"}
    assert len(slack.messages(GENERAL)) == 5


async def test_is_good_for_thirty_minutes(slack: SlackStandIn, clock: Clock, response_url: str) -> None:
    clock.advance(29 * 60 + 59)
    assert await post(response_url, {"text": "In time"}) == (200, "ok")
    clock.advance(1)
    status, body = await post(response_url, {"text": "Too late"})
    assert (status, json.loads(body)["error"]) == (404, "expired_url")
    assert len(slack.messages()) == 1


async def test_an_invented_address_is_no_service(slack: SlackStandIn) -> None:
    status, body = await post(f"{slack.url}/commands/T1/2/3", {"text": "Hello"})
    assert (status, json.loads(body)["error"]) == (404, "no_service")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"response_type": "in_channel"}, "no_text"),
        ({"text": "x", "blocks": [{"type": "teapot"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": "["}, "invalid_blocks_format"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ([], "invalid_payload"),
        ("text=x", "invalid_payload"),
    ],
)
async def test_refuses_what_cannot_be_shown(
    slack: SlackStandIn, response_url: str, body: Any, error: str
) -> None:
    assert await post(response_url, body) == (400, error)
    assert slack.messages() == []


async def test_accepts_replacing_and_deleting(slack: SlackStandIn, response_url: str) -> None:
    assert await post(response_url, {"replace_original": True, "text": "Hello"}) == (200, "ok")
    assert await post(response_url, {"delete_original": True}) == (200, "ok")
    assert [message.text for message in slack.messages()] == ["Hello"]


async def test_may_hold_more_than_the_chat_methods(slack: SlackStandIn, response_url: str) -> None:
    long_section = {"type": "section", "text": {"type": "plain_text", "text": "x" * 2900}}
    assert await post(response_url, {"text": "x", "blocks": [long_section] * 5}) == (200, "ok")


async def test_trouble_affects_only_its_own_method(slack: SlackStandIn, response_url: str) -> None:
    slack.trouble.server_errors()
    assert await post(response_url, {"text": "Hello"}) == (200, "ok")
    slack.trouble.clear()
    slack.trouble.server_errors("response_url")
    assert (await post(response_url, {"text": "Hello"}))[0] == 500


async def test_every_command_gets_its_own(slack: SlackStandIn) -> None:
    for _ in range(3):
        await slack.command("/avatar-start")
    assert len(set(slack.issued_response_urls)) == 3
    assert all(url.startswith(f"{slack.url}/commands/T0SANDBOX1/") for url in slack.issued_response_urls)
