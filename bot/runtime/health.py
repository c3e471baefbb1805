"""The web server: `/healthz` and `/readyz`, and Slack's requests in HTTP mode."""

import logging
import os
import resource
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Protocol, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.errors import StartupError
from bot.runtime.connections import Connections, connection_limit
from bot.runtime.readiness import Readiness

EVENTS_PATH = "/slack/events"
SHUTDOWN_SECONDS = 4.0
"""Seconds to wait for running requests at shutdown; Slack itself gives up after 3 s."""

IDLE_SECONDS = 75.0
"""Seconds to keep an idle connection. Proxies close theirs earlier, so no proxy sends a request into a
connection that is just being closed."""

LINGER_SECONDS = 1.0
"""Seconds to read and discard the rest of a refused body, so that the sender gets the refusal."""


def _logger() -> logging.Logger:
    """Return aiohttp's logger without errors about malformed HTTP: anybody could flood the log."""
    logger = logging.getLogger("aiohttp.server")
    logger.addFilter(_is_no_bad_request)
    return logger


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


class Events(Protocol):
    """A receiver of Slack's requests."""

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one request, whatever it contains."""
        ...


class WebServer:
    """The web server, from `open` to `close`.

    With `takes_events`, Slack's requests get a 503 until `slack` is set.
    """

    def __init__(self, *, host: str, port: int, readiness: Readiness, takes_events: bool) -> None:
        self.slack: Events | None = None
        self._host = host
        self._port = port
        self._readiness = readiness
        self._takes_events = takes_events
        self._runner: web.AppRunner | None = None
        self._connections: Connections | None = None

    async def open(self) -> None:
        """Start to listen.

        Raises:
            StartupError: the port is taken, or the host is not this machine.
        """
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        if self._takes_events:
            app.router.add_post(EVENTS_PATH, self._receive)
            app.router.add_get(EVENTS_PATH, self._events_url_exists)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=LINGER_SECONDS,
            auto_decompress=False,
            logger=_logger(),
        )
        await self._runner.setup()
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        new_protocol = cast("web.Server", self._runner.server)
        self._connections = Connections(connection_limit(descriptors), new_protocol)
        try:
            await self._connections.listen(self._host, self._port)
        except (OSError, UnicodeError) as error:
            raise StartupError(
                f"The web server cannot listen on {_authority(self._host, self._port)}: {_reason_in(error)}.",
                advice="Set AVATAR_HTTP_HOST and AVATAR_HTTP_PORT to a free address of this machine.",
            ) from None

    @property
    def url(self) -> str:
        """The server's URL, with the actual port if port 0 was requested."""
        addresses = self._connections.addresses if self._connections else []
        host, port = addresses[0][:2] if addresses else (self._host, self._port)
        return f"http://{_authority(host, port)}"

    async def close(self) -> None:
        """Take no more requests and finish the running ones."""
        if self._connections:
            await self._connections.close()
        if self._runner:
            await self._runner.cleanup()

    @web.middleware
    async def _note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Mark the connection as busy while its request is handled."""
        connection = self._connections.of(request.protocol) if self._connections else None
        if connection is None:
            return await handler(request)
        connection.begin()
        try:
            return await handler(request)
        finally:
            connection.end()

    async def _receive(self, request: web.Request) -> web.Response:
        if self.slack:
            return await self.slack.receive(request)
        return web.json_response(
            {"error": "the bot is still starting"}, status=HTTPStatus.SERVICE_UNAVAILABLE
        )

    async def _events_url_exists(self, _request: web.Request) -> web.Response:
        """Answer a GET of the request URL, for somebody who checks that it exists."""
        return web.Response()

    async def _healthz(self, _request: web.Request) -> web.Response:
        """Answer that the process is alive."""
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Answer whether the bot can receive commands and commit them; if not, say why."""
        ready, checks = await self._readiness.look()
        return web.json_response(
            {"status": "ready" if ready else "not ready", "checks": checks},
            status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        )


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason_in(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "this is not a host name"
    if isinstance(error, socket.gaierror):
        return "the host name cannot be resolved"
    return os.strerror(error.errno or 0)
