"""Delivering messages through the real client to Slack's stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.announcer import PAUSES, Announcer
from bot.errors import Undeliverable
from bot.messages.message import Message, section
from bot.model import Action, Invocation, Source, Status
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.store.invocations import Invocations
from tests.stage import AVATARS, MEI

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
INVOCATION = Invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.STARTED,
    user_id=MEI,
    channel_id=AVATARS,
)
MESSAGE = Message("Avatar job started.", (section("*Avatar job started.*"),))


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
async def log(database: AsyncEngine) -> Invocations:
    log = Invocations(database)
    await log.record(INVOCATION)
    return log


@pytest.fixture
async def announcer(
    slack: SlackStandIn, tokens: Tokens, log: Invocations, slept: list[float]
) -> AsyncIterator[Announcer]:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(tokens.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        yield Announcer(client, session, log, now=lambda: NOON, sleep=sleep)


async def announced(log: Invocations) -> Invocation:
    [row] = [row async for row in log.find()]
    return row


async def test_a_message_that_slack_takes_is_noted_with_its_place(
    announcer: Announcer, slack: SlackStandIn, log: Invocations
) -> None:
    await announcer.announce(INVOCATION, lambda hint: MESSAGE)

    [message] = slack.messages()
    row = await announced(log)
    assert (row.message_channel, row.message_ts, row.announced_at) == (AVATARS, message.ts, NOON)


async def test_blocks_that_slack_refuses_are_left_out(announcer: Announcer, slack: SlackStandIn) -> None:
    strange = Message("Avatar job started.", ({"type": "hologram"},))
    await announcer.announce(INVOCATION, lambda hint: strange)

    [message] = slack.messages()
    assert (message.text, message.blocks) == ("Avatar job started.", [])


async def test_a_second_round_is_made_when_slack_takes_nothing(
    announcer: Announcer, slack: SlackStandIn, slept: list[float]
) -> None:
    slack.trouble.server_errors("chat.postMessage", times=2)
    slack.trouble.server_errors("chat.postEphemeral", times=1)
    await announcer.announce(INVOCATION, lambda hint: MESSAGE)

    assert len(slack.messages()) == 1
    assert slept == [PAUSES[0]]


async def test_in_the_end_it_gives_up_and_says_so(
    announcer: Announcer, slack: SlackStandIn, slept: list[float], log: Invocations
) -> None:
    slack.trouble.server_errors(times=1000)
    with pytest.raises(Undeliverable, match="i1"):
        await announcer.announce(INVOCATION, lambda hint: MESSAGE)

    assert slept == list(PAUSES)
    assert (await announced(log)).announced_at is None


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (503, "text/plain", "upstream connect error"),
        (200, "text/plain", "ok"),
        (429, "text/plain", "slow down"),
        (200, "application/json", "{"),
        (500, "application/json", '"oops"'),
        (200, "application/json", "[]"),
        (502, "text/html", "<html>"),
    ],
)
async def test_an_answer_that_is_not_slacks_closes_a_route_and_not_the_message(
    slack: SlackStandIn, log: Invocations, status: int, content_type: str, body: str
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type=content_type)

    proxy = web.Application()
    proxy.router.add_post("/{method}", answer)
    async with TestServer(proxy) as server, aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            "xoxb-1", base_url=str(server.make_url("/")), session=session, retry_handlers=[]
        )
        result = await slack.command("/other", "", channel=AVATARS, user=MEI)
        assert result.error == "dispatch_failed"
        told = replace(INVOCATION, response_url=slack.issued_response_urls[-1])
        await Announcer(client, session, log, now=lambda: NOON).announce(told, lambda hint: MESSAGE)

    assert [message.origin for message in slack.messages() if message.user != "USLACKBOT"] == ["response_url"]


async def test_a_route_that_takes_too_long_is_left_for_the_next(
    slack: SlackStandIn, tokens: Tokens, log: Invocations
) -> None:
    slack.trouble.hang("chat.postMessage", seconds=30)
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(tokens.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        announcer = Announcer(client, session, log, now=lambda: NOON, route_seconds=0.1)
        await announcer.announce(INVOCATION, lambda hint: MESSAGE)

    assert [message.origin for message in slack.messages()] == ["chat.postEphemeral"]
