"""A hostile or broken environment: nothing leaks, nothing is lost, nothing hangs."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.domain.invocation import Status
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import Mode, Settings
from tests.fakes import flat
from tests.stage import ROOM, Stage, free_port, staged, until

Answers = Callable[[web.Request], Any]


@asynccontextmanager
async def cloud_that(answers: Answers) -> AsyncIterator[str]:
    """Run a cloud with one fixed answer, and yield its address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await answers(request)
        return answer

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/")


async def everything_of(stage: Stage) -> str:
    """Return everything that people see, and everything that is stored."""
    return str(stage.slack.messages()) + str(await stage.log())


async def test_a_cloud_that_quotes_the_token_does_not_get_it_shown_or_stored(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> None:
    async def quote(request: web.Request) -> web.Response:
        said = f"token {request.headers['X-Auth-Token']} has expired"
        return web.json_response({"error_code": "X.1", "error_msg": said}, status=403)

    async with cloud_that(quote) as address:
        token = SecretStr("canary-token-123")
        settings = settings_for(
            METASTUDIO_ENDPOINT=address,
            METASTUDIO_AUTH_TOKEN=token,
            HUAWEICLOUD_SDK_AK=None,
            HUAWEICLOUD_SDK_SK=None,
        )
        async with staged(slack, metastudio, settings) as stage:
            await stage.types(ROOM)
            shown = await everything_of(stage)

    assert "has expired" in shown
    assert "canary-token-123" not in shown


async def test_a_cloud_that_quotes_the_signature_does_not_get_it_shown_or_stored(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> None:
    sent: list[str] = []

    async def quote(request: web.Request) -> web.Response:
        sent.append(request.headers["Authorization"])
        return web.json_response({"error_code": "X.1", "error_msg": f"no: {sent[-1][-64:]}"}, status=400)

    async with (
        cloud_that(quote) as address,
        staged(slack, metastudio, settings_for(METASTUDIO_ENDPOINT=address)) as stage,
    ):
        await stage.types(ROOM)
        shown = await everything_of(stage)

    assert "MetaStudio says: no: [redacted]" in shown
    assert sent[0][-64:] not in shown


async def test_an_iam_that_quotes_the_password_does_not_get_it_shown_or_stored(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> None:
    async def quote(request: web.Request) -> web.Response:
        password = (await request.json())["auth"]["identity"]["password"]["user"]["password"]
        return web.json_response(
            {"error": {"code": "401", "message": f"bad password {password}"}}, status=401
        )

    async with cloud_that(quote) as address:
        settings = settings_for(
            HUAWEICLOUD_SDK_AK=None,
            HUAWEICLOUD_SDK_SK=None,
            METASTUDIO_IAM_USER="bot",
            METASTUDIO_IAM_PASSWORD=SecretStr("canary-password"),
            METASTUDIO_IAM_DOMAIN="domain",
            HUAWEICLOUD_SDK_IAM_ENDPOINT=address,
        )
        async with staged(slack, metastudio, settings) as stage:
            await stage.types(ROOM)
            shown = await everything_of(stage)

    assert "bad password" in shown
    assert "canary-password" not in shown


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"job_id": "job-1"}',
        b'{"job_id": "job-1", "default_language": "\xe9"}',
        rb'{"job_id": "job-1", "voice_config_list": [{"language_desc": "\ud800"}]}',
    ],
    ids=["a byte order mark", "a byte of another encoding", "half a character"],
)
async def test_a_job_is_not_lost_to_a_byte_that_does_not_belong(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings], body: bytes
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=202, body=body, content_type="application/json")

    async with (
        cloud_that(answer) as address,
        staged(slack, metastudio, settings_for(METASTUDIO_ENDPOINT=address)) as stage,
    ):
        await stage.types(ROOM)
        [row] = await stage.log()

        assert (row.status, flat(row).job_id) == (Status.STARTED, "job-1")
        assert "job-1" in stage.news()[-1].text


async def test_no_job_is_started_once_the_log_has_been_removed(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
    sqlite_url: str,
) -> None:
    async with (
        staged(slack, metastudio, settings_for(AVATAR_HTTP_PORT=free_port())) as stage,
        aiohttp.ClientSession() as http,
    ):
        for file in Path(sqlite_url.partition("///")[2]).parent.glob("log.db*"):
            file.unlink()
        result = await stage.types(ROOM)

        assert result.ack is not None
        assert "The database cannot be used" in result.ack["text"]
        assert not metastudio.jobs
        async with http.get(f"{stage.bot.web_url}/readyz") as ready:
            assert ready.status == 503
    # aiosqlite does not wait for the thread of a connection that could not be opened.
    await until(lambda: not any("_connection_worker" in thread.name for thread in threading.enumerate()))


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
async def test_a_slack_that_is_not_slack_is_waited_for_and_said_in_words(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
    content_type: str,
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=503, text="upstream connect error", content_type=content_type)

    async def start(address: str) -> None:
        async with staged(slack, metastudio, settings_for(SLACK_API_URL=address)):
            pass

    async with cloud_that(answer) as address:
        with capture_logs() as lines:
            starting = asyncio.create_task(start(address))
            await until(lambda: "Slack cannot be asked" in str([line.get("reason") for line in lines]))
            assert not starting.done()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)


async def test_requests_that_trickle_or_cannot_be_read_are_turned_away(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, tokens: Tokens, settings_for: Callable[..., Settings]
) -> None:
    port = free_port()
    settings = settings_for(AVATAR_MODE=Mode.HTTP, AVATAR_HTTP_PORT=port)
    async with staged(slack, metastudio, settings) as stage, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}/slack/events"
        stamp = str(int(time.time()))
        odd = {"X-Slack-Signature": "v0=é", "X-Slack-Request-Timestamp": stamp}
        async with http.post(url, data=b"command=x", headers=odd) as answer:
            assert answer.status == 401
        async with http.post(url, data=b"no gzip", headers={"Content-Encoding": "gzip"}) as answer:
            assert answer.status == 401

        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nc")
        async with asyncio.timeout(10):
            assert b"400" in await reader.readline()
        writer.close()
        assert await stage.log() == []
