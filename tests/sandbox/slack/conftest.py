"""A stand-in for each test, a clock that only moves when told, and an app made with Bolt."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, Tokens
from tests.clock import Clock


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SLACK_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(bot_token="xoxb-1-made-up", app_token="xapp-1-made-up", signing_secret="made-up-secret")


@pytest.fixture
def clock() -> Clock:
    """The real time at first, so that signatures are fresh."""
    return Clock(time.time())


@pytest.fixture
async def slack(tokens: Tokens, clock: Clock) -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(tokens, clock=clock, ack_seconds=1.0) as stand_in:
        yield stand_in


@pytest.fixture
def client(slack: SlackStandIn, tokens: Tokens) -> AsyncWebClient:
    return AsyncWebClient(token=tokens.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def app(slack: SlackStandIn, tokens: Tokens, client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(token=tokens.bot_token, signing_secret=tokens.signing_secret, client=client)


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait, not for long, until a condition holds."""

    async def wait_until(so: Callable[[], object]) -> None:
        async with asyncio.timeout(2):
            while not so():  # noqa: ASYNC110 - anything may make it true
                await asyncio.sleep(0.01)

    return wait_until


@pytest.fixture
def connected(
    slack: SlackStandIn, tokens: Tokens
) -> Callable[[AsyncApp], AbstractAsyncContextManager[AsyncSocketModeHandler]]:
    """Connect an app by Socket Mode for the length of an `async with`."""

    @asynccontextmanager
    async def connect(app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
        before = slack.open_sockets
        handler = AsyncSocketModeHandler(app, tokens.app_token, ping_interval=1)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # as slack_bolt has it
        await slack.wait_until_connected(before + 1)
        try:
            yield handler
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]  # as slack_bolt has it

    return connect
