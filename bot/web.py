"""The web server: `/healthz` and `/readyz`, and Slack's requests in HTTP mode."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.answered import answering
from bot.errors import StartupError

EVENTS_PATH = "/slack/events"
SHUTDOWN_SECONDS = 4.0
"""How long a request under way is waited for at the end; Slack itself gives up after 3 s."""

BODY_SECONDS = 3.0
"""How long a request may take to arrive whole. Slack itself gives up after as long."""

BACKLOG = 1024
"""Connections that may wait to be taken; past the usual 128, TCP tries again only after a second."""


class WebServer:
    """Serves from `open` to `close`."""

    def __init__(
        self, *, host: str, port: int, is_ready: Callable[[], Awaitable[bool]], slack: "SlackEvents | None"
    ) -> None:
        self._host = host
        self._port = port
        self._is_ready = is_ready
        self._slack = slack
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listen.

        Raises:
            StartupError: the port is taken, or the host is not this machine.
        """
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        if self._slack:
            app.router.add_post(EVENTS_PATH, self._slack.receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=BACKLOG).start()
        except (OSError, UnicodeError) as error:
            raise StartupError(
                f"The web server cannot listen on {_authority(self._host, self._port)}: {_reason_in(error)}.",
                advice="Set AVATAR_HTTP_HOST and AVATAR_HTTP_PORT to a free address of this machine.",
            ) from None

    @property
    def url(self) -> str:
        """Where it listens, with the port that it was given where port 0 was asked for."""
        addresses = self._runner.addresses if self._runner else []
        host, port = addresses[0][:2] if addresses else (self._host, self._port)
        return f"http://{_authority(host, port)}"

    async def close(self) -> None:
        """Take no more requests, finish those under way."""
        if self._runner:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Commands can come in, and can be written to the log."""
        if await self._is_ready():
            return web.json_response({"status": "ready"})
        return web.json_response({"status": "not ready"}, status=HTTPStatus.SERVICE_UNAVAILABLE)


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason_in(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "that is no host name"
    if isinstance(error, socket.gaierror):
        return "the host name cannot be resolved"
    return os.strerror(error.errno or 0)


class SlackEvents:
    """Slack's signed requests. The signature is checked on the raw bytes, before anything reads them."""

    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)

    async def receive(self, request: web.Request) -> web.Response:
        """Hand a genuine request to Bolt; 401 for a forged or stale one."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except (TimeoutError, web.RequestPayloadError):
            return web.json_response({"error": "unreadable request"}, status=HTTPStatus.BAD_REQUEST)
        if not self._is_genuine(body, request):
            return web.json_response({"error": "invalid request"}, status=HTTPStatus.UNAUTHORIZED)
        with answering():
            bolt_request = await to_bolt_request(request)
            return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    def _is_genuine(self, body: bytes, request: web.Request) -> bool:
        try:
            return self._verifier.is_valid(
                body,
                request.headers.get("X-Slack-Request-Timestamp", ""),
                request.headers.get("X-Slack-Signature", ""),
            )
        except (ValueError, TypeError):
            return False
