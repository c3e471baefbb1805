"""Slack over Socket Mode: one WebSocket that Slack need not be able to reach us for."""

import asyncio

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.errors import StartupError
from bot.tasks import Tasks

CONNECT_SECONDS = 15.0
PING_SECONDS = 3.0
"""A dead connection is noticed within four of these; slack-sdk's own 10 would be 40 s of deafness."""

ACK_SECONDS = 3.0


class SocketMode:
    """The connection. `open` returns when Slack has accepted it; it renews itself from then on."""

    def __init__(self, app: AsyncApp, app_token: str, *, proxy: str | None) -> None:
        self._app = app
        self._app_token = app_token
        self._proxy = proxy
        self._handler: AsyncSocketModeHandler | None = None
        self._in_hand = Tasks()

    async def open(self, url: str) -> None:
        """Connect to the address that `apps.connections.open` gave.

        Raises:
            StartupError: Slack does not let us in.
        """
        self._handler = AsyncSocketModeHandler(self._app, self._app_token, ping_interval=PING_SECONDS)
        client = self._client
        client.proxy = self._proxy
        client.wss_uri = url
        client.socket_mode_request_listeners = [self._handle]
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.connect()  # type: ignore[no-untyped-call]  # slack-sdk's is not annotated
        except TimeoutError:
            raise StartupError(
                f"Slack's Socket Mode did not answer within {CONNECT_SECONDS:g} seconds.",
                advice="Check that this machine may open WebSockets to wss-primary.slack.com.",
            ) from None

    async def is_connected(self) -> bool:
        """Whether commands can come in: connected, and Slack answers our pings."""
        return self._handler is not None and await self._client.is_connected()

    async def close(self) -> None:
        """Acknowledge what is in hand and disconnect; Slack gives the rest to other connections."""
        if self._handler is None:
            return
        await self._in_hand.drain(ACK_SECONDS)
        await self._client.close()  # type: ignore[no-untyped-call]  # slack-sdk's is not annotated

    @property
    def _client(self) -> SocketModeClient:
        if self._handler is None:
            raise RuntimeError("Socket Mode is not open")
        return self._handler.client

    async def _handle(self, _client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if self._handler is not None and (task := asyncio.current_task()):
            self._in_hand.own(task)
            await self._handler.handle(self._client, request)
