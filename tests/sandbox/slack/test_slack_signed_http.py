import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, Tokens


@asynccontextmanager
async def serving(application: web.Application) -> AsyncIterator[str]:
    """Run an application and yield its request URL."""
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


def answering(answer: Callable[[web.Request], Awaitable[web.Response]]) -> web.Application:
    application = web.Application()
    application.router.add_post("/slack/events", answer)
    return application


async def test_bolt_trusts_the_signature_and_acks(slack: SlackStandIn, app: AsyncApp) -> None:
    heard: list[dict[str, Any]] = []

    @app.command("/avatar-start")
    async def start(ack: AsyncAck, command: dict[str, Any]) -> None:
        heard.append(command)
        await ack(text="Starting")

    async with serving(app.web_app()) as slack.request_url:
        result = await slack.command("/avatar-start", "room-1 & <b>")
    assert (result.error, result.http_status) == (None, 200)
    assert [message.text for message in slack.messages()] == ["Starting"]
    [command] = heard
    assert command["text"] == "room-1 &amp; &lt;b&gt;"
    assert command["is_enterprise_install"] == "false"
    assert "enterprise_id" not in command
    assert command["channel_name"] == "avatars"


async def test_an_app_with_another_secret_refuses(slack: SlackStandIn, client: AsyncWebClient) -> None:
    app = AsyncApp(token="xoxb-1-made-up", signing_secret="something else", client=client)
    async with serving(app.web_app()) as slack.request_url:
        result = await slack.command("/avatar-start")
    assert (result.error, result.http_status) == ("http_client_error", 401)


@pytest.mark.parametrize(
    ("response", "error", "shown"),
    [
        ({"text": ""}, None, []),
        ({"text": "Plain words"}, None, ["Plain words"]),
        ({"text": '{"text": "From JSON"}', "content_type": "application/json"}, None, ["From JSON"]),
        ({"text": "{", "content_type": "application/json"}, "invalid_command_response", []),
        ({"text": "[]", "content_type": "application/json"}, "invalid_command_response", []),
        ({"status": 500}, "http_service_error", []),
        ({"status": 404}, "http_client_error", []),
        ({"status": 302, "headers": {"Location": "/elsewhere"}}, "http_client_error", []),
        ({"status": 204}, "http_client_error", []),
    ],
)
async def test_reads_the_answer_as_slack_does(
    slack: SlackStandIn, response: dict[str, Any], error: str | None, shown: list[str]
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(**response)

    async with serving(answering(answer)) as slack.request_url:
        result = await slack.command("/avatar-start")
    assert result.error == error
    assert result.http_status == response.get("status", 200)
    notices = [f"/avatar-start failed with the error “{error}”"] if error else []
    assert [message.text for message in slack.messages()] == [*shown, *notices]


async def test_a_slow_app_times_out(tokens: Tokens) -> None:
    async def answer(_request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    async with (
        SlackStandIn(tokens, ack_seconds=0.1) as slack,
        serving(answering(answer)) as slack.request_url,
    ):
        assert (await slack.command("/avatar-start")).error == "operation_timeout"


async def test_an_app_that_is_not_there_cannot_be_dispatched_to(slack: SlackStandIn) -> None:
    async with serving(web.Application()) as url:
        pass
    slack.request_url = url
    assert (await slack.command("/avatar-start")).error == "dispatch_failed"


async def test_many_commands_at_once(slack: SlackStandIn, app: AsyncApp) -> None:
    @app.command("/avatar-start")
    async def start(ack: AsyncAck) -> None:
        await ack()

    async with serving(app.web_app()) as slack.request_url:
        results = await asyncio.gather(*(slack.command("/avatar-start") for _ in range(20)))
    assert {result.error for result in results} == {None}
