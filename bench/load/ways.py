"""The two transports from Slack to a bot. Both deliver a command and return once it is acknowledged."""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

from bench.load.payloads import command_payload
from bench.wire.client import Connections

POLL_SECONDS = 0.005
PING_SECONDS = 5.0

Delivered = Callable[[], Awaitable[None]]
"""Delivers one command, which was rendered beforehand; raises OSError if it is not accepted."""


def is_good_news(ack: str) -> bool:
    """Return whether an ack is without words, as the bot's, or says "Starting", as every other contender's.

    Bolt acknowledges its own failures with 200 as well, and the bot says so in words.
    """
    return "Starting" in ack or '"text"' not in ack


class Way(Protocol):
    """A transport to the one bot that runs now."""

    async def open(self) -> None:
        """Wait until the bot can be reached."""

    def prepare(self, number: int, origin: str) -> Delivered:
        """Render a command."""

    async def close(self) -> None:
        """Disconnect from the bot."""


class SignedHttp:
    """Signed requests to a port, as Slack sends them. A signature is valid for five minutes."""

    def __init__(self, port: int, signing_secret: str) -> None:
        self._port = port
        self._secret = signing_secret.encode()
        self._connections = Connections(port)

    async def open(self) -> None:
        """Wait until the port accepts connections and, if the bot reports readiness, until it is ready."""
        while True:
            if await self._takes_commands():
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _takes_commands(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        status = await reader.readline()
        writer.close()
        return b" 503 " not in status

    def prepare(self, number: int, origin: str) -> Delivered:
        """Render and sign a request."""
        body = urlencode(command_payload(number, origin)).encode()
        timestamp = str(int(time.time()))
        signature = hmac.new(self._secret, f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
        head = (
            "POST /slack/events HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)",
            "Accept: application/json,*/*",
            f"X-Slack-Request-Timestamp: {timestamp}",
            f"X-Slack-Signature: v0={signature}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        )
        return partial(self._post, "\r\n".join(head).encode() + b"\r\n\r\n" + body)

    async def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    async def _post(self, request: bytes) -> None:
        status, answer = await self._connections.exchange(request)
        if status != 200 or not is_good_news(answer.decode(errors="replace")):
            raise ConnectionError(f"answered {answer[:500]!r}")


class SocketMode:
    """A WebSocket server, to which the bot connects."""

    def __init__(self) -> None:
        self.port = 0
        self._socket: web.WebSocketResponse | None = None
        self._opened = asyncio.Event()
        self._awaited: dict[int, asyncio.Future[None]] = {}

    async def listen(self) -> None:
        """Let bots connect from now on."""
        app = web.Application()
        app.router.add_get("/link", self._serve)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]

    async def open(self) -> None:
        """Wait until a bot is connected."""
        await self._opened.wait()

    def prepare(self, number: int, origin: str) -> Delivered:
        """Render an envelope."""
        envelope = {
            "envelope_id": f"envelope-{number:012d}",
            "type": "slash_commands",
            "accepts_response_payload": True,
            "payload": command_payload(number, origin),
        }
        return partial(self._send, number, json.dumps(envelope))

    async def close(self) -> None:
        """Disconnect the bot, so that `open` waits for the next one."""
        if self._socket is not None:
            await self._socket.close()
        self._socket = None
        self._opened.clear()

    async def _send(self, number: int, envelope: str) -> None:
        if self._socket is None:
            raise ConnectionResetError("no socket is open")
        acknowledged = asyncio.get_running_loop().create_future()
        self._awaited[number] = acknowledged
        try:
            await self._socket.send_str(envelope)
            await acknowledged
        finally:
            del self._awaited[number]

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=1.0, compress=False)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0"}})
        self._socket = socket
        self._opened.set()
        pinging = asyncio.create_task(_keep_pinging(socket))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._take_ack(message.data)
        pinging.cancel()
        if self._socket is socket:
            self._socket = None
            self._opened.clear()
        return socket

    def _take_ack(self, text: str) -> None:
        named = re.search(r"envelope-(\d{12})", text)
        acknowledged = self._awaited.get(int(named[1])) if named else None
        if acknowledged is None or acknowledged.done():
            return
        if is_good_news(text):
            acknowledged.set_result(None)
        else:
            acknowledged.set_exception(ConnectionError(f"answered {text[:500]}"))


async def _keep_pinging(socket: web.WebSocketResponse) -> None:
    """Send pings as Slack does; without them Bolt for JavaScript drops a socket after 30 s."""
    while not socket.closed:
        await asyncio.sleep(PING_SECONDS)
        await socket.ping()
