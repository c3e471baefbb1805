"""Clients with the test's transports. Pauses take no time, and the clock only moves when a test moves it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from pydantic import SecretStr

from bot.metastudio.client import MetaStudio
from bot.metastudio.connect import open_metastudio
from bot.metastudio.credentials import Credentials, ReadyMadeToken
from bot.metastudio.http import Http
from bot.metastudio.transport import open_transport
from bot.runtime.rate_limiter import RateLimiter
from bot.settings import Settings
from tests.metastudio.cloud import PROJECT, Clock, Pauses

ENDPOINT = "https://metastudio.example"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def open_http() -> AsyncIterator[Callable[..., Http]]:
    """Return a function that opens a client: `(transport=the real one)`. It is closed after the test."""
    async with AsyncExitStack() as stack:

        def open_one(transport: httpx.AsyncBaseTransport | None = None) -> Http:
            http = Http(transport or open_transport())
            stack.push_async_callback(http.aclose)
            return http

        yield open_one


@pytest.fixture
def open_client(open_http: Callable[..., Http], pauses: Pauses, clock: Clock) -> Callable[..., MetaStudio]:
    """`(transport=the real one, *, endpoint, credentials, reads, stops, jitter, sleep)` → the client."""

    def open_one(
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        endpoint: str = ENDPOINT,
        credentials: Credentials | None = None,
        reads: RateLimiter | None = None,
        stops: RateLimiter | None = None,
        jitter: Callable[[], float] = lambda: 0.5,
        sleep: Callable[[float], Awaitable[None]] = pauses,
    ) -> MetaStudio:
        return MetaStudio(
            open_http(transport),
            credentials or ReadyMadeToken(SecretStr("a-ready-made-token")),
            endpoint=endpoint,
            project_id=PROJECT,
            reads=reads or RateLimiter(0),
            stops=stops or RateLimiter(0),
            jitter=jitter,
            now=clock,
            sleep=sleep,
        )

    return open_one


@pytest.fixture
async def connect(clock: Clock) -> AsyncIterator[Callable[..., Awaitable[MetaStudio]]]:
    """`(settings, transport=the real one)` → the client as the bot itself opens it."""
    async with AsyncExitStack() as stack:

        async def open_one(chosen: Settings, transport: httpx.AsyncBaseTransport | None = None) -> MetaStudio:
            return await stack.enter_async_context(open_metastudio(chosen, now=clock, transport=transport))

        yield open_one
