"""HTTP mode: only requests with a fresh signature of Slack are accepted."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import aiohttp
import pytest
from multidict import CIMultiDict
from structlog.testing import capture_logs

from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import Mode, Settings
from tests.fakes import flat
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
        lambda headers: headers | {"X-Slack-Request-Timestamp": "9" * 400},
        lambda headers: headers | {"X-Slack-Request-Timestamp": "NaN"},
        lambda headers: headers | {"X-Slack-Request-Timestamp": "-1"},
        lambda headers: headers | {"X-Slack-Request-Timestamp": "\u0661\u0662"},
        lambda headers: headers | {"X-Slack-Signature": "v0=\u00e9"},
        lambda headers: {"Content-Type": "application/json"},
        lambda headers: {"Content-Type": "text/plain; charset=nonsense"},
    ],
    ids=[
        "wrong",
        "empty",
        "no number",
        "no number and long",
        "many digits",
        "NaN",
        "negative",
        "Arabic digits",
        "no ASCII",
        "none",
        "none and unreadable",
    ],
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


async def test_two_signatures_are_none(stage: Stage, tokens: Tokens, http: aiohttp.ClientSession) -> None:
    body = command_body()
    headers = CIMultiDict(signed(tokens.signing_secret, body, time.time()))
    headers.add("X-Slack-Signature", headers["X-Slack-Signature"])
    async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe=1",
        b"payload={",
        b"payload=[1]",
        b"payload=" + b"[" * 100_000,
        b"[]",
        b"{",
        b'{"team": 1, "user": [], "authorizations": 5}',
        b"",
        b"payload=%7B%22type%22%3A%22block_actions%22%7D",
        b'{"type": "block_actions", "actions": 5}',
        b'{"type": "view_submission"}',
        b'{"type": "event_callback", "event": 5}',
    ],
)
@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/json", "text/; ="]
)
async def test_signed_nonsense_is_no_error_of_the_bot(
    stage: Stage,
    tokens: Tokens,
    http: aiohttp.ClientSession,
    *,
    body: bytes,
    content_type: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = signed(tokens.signing_secret, body, time.time()) | {"Content-Type": content_type}
    async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
        assert response.status < 500
    assert "Traceback" not in caplog.text
    assert await stage.log() == []


async def test_a_command_may_have_the_word_payload_in_it(
    stage: Stage, tokens: Tokens, http: aiohttp.ClientSession
) -> None:
    body = command_body().replace(ROOM.encode(), b"payload")
    headers = signed(tokens.signing_secret, body, time.time())
    async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
        assert response.status == 200
    await stage.bot.tasks.idle()
    assert [flat(row).room_id for row in await stage.log()] == ["payload"]


async def test_whoever_only_looks_at_the_request_url_gets_200_and_nothing_is_done(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    url = stage.slack.request_url or ""
    for method, body in (("GET", b""), ("HEAD", b""), ("POST", b"ssl_check=1&token=x&command=/avatar-start")):
        async with http.request(method, url, data=body or None) as response:
            assert response.status == 200
    assert await stage.log() == []


@pytest.mark.parametrize("sent", ["with its length", "in chunks"])
async def test_a_large_body_gets_413(stage: Stage, http: aiohttp.ClientSession, sent: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 1024

    data = chunks() if sent == "in chunks" else b"x" * 300 * 1024
    async with http.post(stage.slack.request_url or "", data=data) as response:
        assert response.status == 413


async def test_a_wrong_signing_secret_is_said_once_a_minute_and_names_the_setting(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    body = command_body()
    with capture_logs() as lines:
        for _ in range(30):
            headers = signed("another-secret", body, time.time())
            async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
                assert response.status == 401
        stage.clock.advance(61)
        headers = signed("another-secret", body, stage.clock())
        async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
            assert response.status == 401

    assert [(line["log_level"], line["refused"]) for line in lines] == [("warning", 1), ("warning", 30)]
    assert all("SLACK_SIGNING_SECRET" in line["event"] for line in lines)


@pytest.mark.parametrize("ahead", [3600, -3600])
async def test_a_clock_that_is_off_is_said_and_by_how_much(
    stage: Stage, tokens: Tokens, http: aiohttp.ClientSession, ahead: int
) -> None:
    body = command_body()
    with capture_logs() as lines:
        for _ in range(3):
            headers = signed(tokens.signing_secret, body, time.time() + ahead)
            async with http.post(stage.slack.request_url or "", data=body, headers=headers) as response:
                assert response.status == 401

    [line] = lines
    assert "clock" in line["event"]
    assert abs(line["seconds_ahead_of_this_clock"] - ahead) <= 2


async def test_bytes_that_are_no_http_leave_nothing_in_the_process_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    host, _, port = (stage.bot.web_url or "").removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 no http\r\n\r\n")
    assert b"400" in await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert caplog.text == ""


async def test_bytes_that_are_no_text_get_401(stage: Stage, http: aiohttp.ClientSession) -> None:
    async with http.post(stage.slack.request_url or "", data=b"\xff\xfe{") as response:
        assert response.status == 401


async def test_health_and_readiness_are_served_without_a_signature(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    for path in ("/healthz", "/readyz"):
        async with http.get(f"{stage.bot.web_url}{path}") as response:
            assert response.status == 200
