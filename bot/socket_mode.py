"""Slack over Socket Mode: one WebSocket that Slack need not be able to reach us for."""

import asyncio

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.answered import answering
from bot.errors import StartupError
from bot.tasks import Tasks

CONNECT_SECONDS = 15.0
PING_SECONDS = 3.0
"""A dead connection is noticed within four of these; slack-sdk's own 10 would be 40 s of deafness."""

ACK_SECONDS = 3.0


class SocketMode:
    """The connection. `open` returns when Slack has accepted it; it renews itself from then on.

    Built inside the running loop, as slack-sdk demands. `url` is what `apps.connections.open` gave.
    """

    def __init__(self, app: AsyncApp, app_token: str, *, url: str, proxy: str | None) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token, ping_interval=PING_SECONDS)
        self._client = self._handler.client
        self._client.proxy = proxy
        self._client.wss_uri = url
        self._client.socket_mode_request_listeners = [self._handle]
        self._in_hand = Tasks()

    async def open(self) -> None:
        """Connect.

        Raises:
            StartupError: Slack does not let us in.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._client.connect()  # type: ignore[no-untyped-call]  # slack-sdk's is not annotated
        except TimeoutError:
            raise StartupError(
                f"Slack's Socket Mode did not answer within {CONNECT_SECONDS:g} seconds.",
                advice="Check that this machine may open WebSockets to wss-primary.slack.com.",
            ) from None

    async def is_connected(self) -> bool:
        """Whether commands can come in: connected, and Slack answers our pings."""
        return await self._client.is_connected()

    async def close(self) -> None:
        """Acknowledge what is in hand and disconnect; Slack gives the rest to other connections."""
        await self._in_hand.drain(ACK_SECONDS)
        await self._client.close()  # type: ignore[no-untyped-call]  # slack-sdk's is not annotated

    async def _handle(self, _client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if task := asyncio.current_task():
            self._in_hand.own(task)
        with answering():
            await self._handler.handle(self._client, request)
