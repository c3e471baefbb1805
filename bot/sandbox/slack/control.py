"""Endpoints under /sandbox/ that play the people: for the page, and for tests in other processes.

They take and return JSON without authentication: the server listens on loopback only and refuses other pages.
"""

from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from bot.sandbox.json_requests import (
    in_words,
    optional_string,
    read_body,
    required_string,
)
from bot.sandbox.plain import plain
from bot.sandbox.slack.commands import CommandResult
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.traffic import Traffic
from bot.sandbox.slack.trouble import Trouble
from bot.sandbox.slack.trouble_requests import order


class Controlled(Protocol):
    """The part of the stand-in that these endpoints use."""

    traffic: Traffic
    trouble: Trouble
    request_url: str | None

    @property
    def open_sockets(self) -> int: ...

    async def command(
        self, command: str, text: str = "", *, user: str | None = None, channel: str | None = None
    ) -> CommandResult: ...

    def say(
        self, text: str, *, user: str | None = None, channel: str | None = None, thread_ts: str | None = None
    ) -> Message: ...

    def messages(
        self,
        channel: str | None = None,
        viewer: str | None = None,
        *,
        after: str | None = None,
        latest: int | None = None,
    ) -> list[Message]: ...


class Control:
    """HTTP handlers that call the stand-in's methods."""

    def __init__(self, stand_in: Controlled) -> None:
        self._stand_in = stand_in

    def register(self, application: web.Application) -> None:
        router = application.router
        router.add_post("/sandbox/commands", in_words(self.run_command))
        router.add_get("/sandbox/messages", in_words(self.list_messages))
        router.add_post("/sandbox/messages", in_words(self.say))
        router.add_get("/sandbox/traffic", in_words(self.list_traffic))
        router.add_get("/sandbox/sockets", self.count_sockets)
        router.add_post("/sandbox/trouble", in_words(self.make_trouble))
        router.add_put("/sandbox/request-url", in_words(self.set_request_url))

    async def run_command(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        result = await self._stand_in.command(
            optional_string(body, "command") or "",
            optional_string(body, "text") or "",
            user=optional_string(body, "user"),
            channel=optional_string(body, "channel"),
        )
        return web.json_response(plain(result))

    async def list_messages(self, request: web.Request) -> web.Response:
        """List all messages, or those of a `channel`, a `viewer`, `after` a ts, or only the `latest` ones."""
        query = request.query
        latest = _number(query, "latest", "latest is a number of messages")
        messages = self._stand_in.messages(
            query.get("channel"), query.get("viewer"), after=query.get("after"), latest=latest
        )
        return web.json_response({"messages": [plain(message) for message in messages]})

    async def say(self, request: web.Request) -> web.Response:
        """Write a person's message: `text`, and optionally `user`, `channel` and `thread_ts`."""
        body = await read_body(request)
        message = self._stand_in.say(
            required_string(body, "text"),
            user=optional_string(body, "user"),
            channel=optional_string(body, "channel"),
            thread_ts=optional_string(body, "thread_ts"),
        )
        return web.json_response(plain(message))

    async def list_traffic(self, request: web.Request) -> web.Response:
        """List the recorded exchanges, or those `after` a number."""
        after = _number(request.query, "after", "after is the number of an exchange") or 0
        latest = [plain(exchange) for exchange in self._stand_in.traffic if exchange.n > after]
        return web.json_response({"traffic": latest})

    async def count_sockets(self, _request: web.Request) -> web.Response:
        return web.json_response({"open": self._stand_in.open_sockets})

    async def make_trouble(self, request: web.Request) -> web.Response:
        await order(self._stand_in.trouble, await read_body(request))
        return web.json_response({"ok": True})

    async def set_request_url(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        url = optional_string(body, "url")
        if "url" not in body or (url is not None and not url.startswith(("http://", "https://"))):
            raise ValueError("url is an http address, or null for Socket Mode")
        self._stand_in.request_url = url
        return web.json_response({"url": url})


def _number(query: Mapping[str, str], name: str, words: str) -> int | None:
    """Read an optional whole number. Raises ValueError with these words for anything else."""
    value = query.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()):
        raise ValueError(words)
    return int(value)
