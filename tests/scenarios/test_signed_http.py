"""HTTP mode: only what Slack has signed, and signed just now, gets in."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import Mode, Settings
from tests.stage import AVATARS, MEI, ROOM, Stage, free_port, staged


@pytest.fixture
async def stage(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> AsyncIterator[Stage]:
    settings = settings_for(AVATAR_MODE=Mode.HTTP, AVATAR_HTTP_PORT=free_port())
    async with staged(slack, metastudio, settings) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def command_body(trigger_id: str = "1.2.3") -> bytes:
    fields = {
        "command": "/avatar-start",
        "text": ROOM,
        "user_id": MEI,
        "channel_id": AVATARS,
        "team_id": "T0SANDBOX1",
        "trigger_id": trigger_id,
    }
    return urlencode(fields).encode()


def signed(secret: str, body: bytes, at: float) -> dict[str, str]:
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


async def test_the_same_delivery_twice_is_one_invocation(
    stage: Stage, tokens: Tokens, http: aiohttp.ClientSession
) -> None:
    body = command_body()
    for _ in range(2):
        headers = signed(tokens.signing_secret, body, time.time())
        async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
            assert response.status == 200
    await stage.bot.tasks.idle()

    assert len(await stage.log()) == 1
    assert len(stage.metastudio.jobs) == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda headers: headers | {"X-Slack-Signature": "v0=" + "0" * 64},
        lambda headers: headers | {"X-Slack-Signature": ""},
        lambda headers: headers | {"X-Slack-Request-Timestamp": "soon"},
        lambda headers: headers | {"X-Slack-Request-Timestamp": "-" * 5000},
        lambda headers: {"Content-Type": "application/json"},
        lambda headers: {"Content-Type": "text/plain; charset=nonsense"},
    ],
    ids=["wrong", "empty", "no number", "no number and long", "none", "none and unreadable"],
)
async def test_a_forged_request_gets_401_and_leaves_no_row(
    stage: Stage,
    tokens: Tokens,
    http: aiohttp.ClientSession,
    forge: Callable[[dict[str, str]], dict[str, str]],
) -> None:
    body = command_body()
    headers = forge(signed(tokens.signing_secret, body, time.time()))
    async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
        assert response.status == 401

    assert await stage.log() == []


@pytest.mark.parametrize("age", [301, -301])
async def test_a_stale_request_gets_401_and_leaves_no_row(
    stage: Stage, tokens: Tokens, http: aiohttp.ClientSession, age: int
) -> None:
    body = command_body()
    headers = signed(tokens.signing_secret, body, time.time() - age)
    async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
        assert response.status == 401

    assert await stage.log() == []


async def test_bytes_that_are_no_text_get_401(stage: Stage, http: aiohttp.ClientSession) -> None:
    async with http.post(stage.slack.request_url or "", data=b"\xff\xfe{") as response:
        assert response.status == 401


async def test_health_and_readiness_are_served_without_a_signature(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    for path in ("/healthz", "/readyz"):
        async with http.get(f"{stage.bot.web_url}{path}") as response:
            assert response.status == 200
