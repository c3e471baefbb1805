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
"""How long a request under way is waited for at the end; Slack itself gives up after 3 s."""

IDLE_SECONDS = 75.0
"""How long a connection is kept for its next request: longer than proxies keep theirs, or they would send a
request into one that is just being closed."""

LINGER_SECONDS = 1.0
"""How long the rest of a refused body is thrown away, so that its sender reads the refusal."""


def _logger() -> logging.Logger:
    """What aiohttp logs, but for requests that are no HTTP: everybody can send as many as they like."""
    logger = logging.getLogger("aiohttp.server")
    logger.addFilter(_is_no_bad_request)
    return logger


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


class Events(Protocol):
    """Takes Slack's requests."""

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one request, whatever is in it."""
        ...


class WebServer:
    """Serves from `open` to `close`.

    With `takes_events` Slack's requests are answered with 503 until `slack` is there to take them.
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
        """Listen.

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
        """Where it listens, with the port that it was given where port 0 was asked for."""
        addresses = self._connections.addresses if self._connections else []
        host, port = addresses[0][:2] if addresses else (self._host, self._port)
        return f"http://{_authority(host, port)}"

    async def close(self) -> None:
        """Take no more requests, finish those under way."""
        if self._connections:
            await self._connections.close()
        if self._runner:
            await self._runner.cleanup()

    @web.middleware
    async def _note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Tell a connection that is used from one that is not."""
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
        """Answer a GET of the request URL: somebody checks that it is there."""
        return web.Response()

    async def _healthz(self, _request: web.Request) -> web.Response:
        """The process is alive."""
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Whether commands can come in and be written to the log; else why not."""
        ready, checks = await self._readiness.look()
        return web.json_response(
            {"status": "ready" if ready else "not ready", "checks": checks},
            status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        )


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason_in(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "that is no host name"
    if isinstance(error, socket.gaierror):
        return "the host name cannot be resolved"
    return os.strerror(error.errno or 0)
