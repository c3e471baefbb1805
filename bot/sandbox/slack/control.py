"""Endpoints under /sandbox/ for those who play the people: tests in other processes, and the page.

JSON both ways and no authentication: the server listens on loopback only. A body must be declared as
application/json, which a foreign page in a browser cannot do without asking first.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Protocol, TypeAlias

from aiohttp import web

from bot.sandbox.slack.commands import CommandResult
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.traffic import Traffic
from bot.sandbox.slack.trouble import Trouble
from bot.sandbox.slack.workspace import Workspace

_KINDS = ("ratelimited", "server_error", "hang", "lost", "disconnect", "clear")

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Controlled(Protocol):
    """What of the stand-in is reached from outside."""

    workspace: Workspace
    traffic: Traffic
    trouble: Trouble
    request_url: str | None

    @property
    def open_sockets(self) -> int: ...

    async def command(
        self, command: str, text: str = "", *, user: str | None = None, channel: str | None = None
    ) -> CommandResult: ...

    def messages(self, channel: str | None = None, viewer: str | None = None) -> list[Message]: ...


class Control:
    """HTTP handlers that do to a stand-in what its methods do."""

    def __init__(self, stand_in: Controlled) -> None:
        self._stand_in = stand_in

    def register(self, application: web.Application) -> None:
        router = application.router
        router.add_post("/sandbox/commands", _in_words(self.run_command))
        router.add_get("/sandbox/messages", self.list_messages)
        router.add_get("/sandbox/traffic", self.list_traffic)
        router.add_get("/sandbox/workspace", self.describe_workspace)
        router.add_get("/sandbox/sockets", self.count_sockets)
        router.add_post("/sandbox/trouble", _in_words(self.make_trouble))
        router.add_put("/sandbox/request-url", _in_words(self.set_request_url))

    async def run_command(self, request: web.Request) -> web.Response:
        body = await _body(request)
        result = await self._stand_in.command(
            _string(body, "command") or "",
            _string(body, "text") or "",
            user=_string(body, "user"),
            channel=_string(body, "channel"),
        )
        return web.json_response(asdict(result))

    async def list_messages(self, request: web.Request) -> web.Response:
        messages = self._stand_in.messages(request.query.get("channel"), request.query.get("viewer"))
        return web.json_response({"messages": [asdict(message) for message in messages]})

    async def list_traffic(self, _request: web.Request) -> web.Response:
        return web.json_response({"traffic": [asdict(exchange) for exchange in self._stand_in.traffic]})

    async def describe_workspace(self, _request: web.Request) -> web.Response:
        workspace = self._stand_in.workspace
        channels = [
            asdict(channel) | {"members": sorted(channel.members)} for channel in workspace.channels.values()
        ]
        return web.json_response(
            {
                "team_id": workspace.team_id,
                "team_name": workspace.team_name,
                "bot": asdict(workspace.bot),
                "people": [asdict(person) for person in workspace.people.values()],
                "channels": channels,
            }
        )

    async def count_sockets(self, _request: web.Request) -> web.Response:
        return web.json_response({"open": self._stand_in.open_sockets})

    async def make_trouble(self, request: web.Request) -> web.Response:
        """`seconds` and `times` limit the trouble; without them it lasts until {"kind": "clear"}.

        For "ratelimited", `seconds` is also what Retry-After says, unless `retry_after` says otherwise.
        """
        body = await _body(request)
        trouble = self._stand_in.trouble
        method, times = _string(body, "method"), _number(body, "times")
        seconds = _number(body, "seconds")
        bounds: dict[str, Any] = {"times": times if times is None else int(times)}
        if seconds is not None:
            bounds["seconds"] = seconds
        match body.get("kind"):
            case "ratelimited":
                retry_after = int(_number(body, "retry_after") or seconds or 1)
                trouble.rate_limit(method, **bounds, retry_after=max(1, retry_after))
            case "server_error":
                trouble.server_errors(method, **bounds)
            case "hang":
                trouble.hang(method, **bounds)
            case "lost":
                trouble.lose_answers(method, **bounds)
            case "disconnect":
                await trouble.disconnect()
            case "clear":
                trouble.clear()
            case other:
                raise ValueError(f"kind is one of {', '.join(_KINDS)}, not {other!r}")
        return web.json_response({"ok": True})

    async def set_request_url(self, request: web.Request) -> web.Response:
        body = await _body(request)
        url = _string(body, "url")
        if "url" not in body or (url is not None and not url.startswith(("http://", "https://"))):
            raise ValueError("url is an http address, or null for Socket Mode")
        self._stand_in.request_url = url
        return web.json_response({"url": url})


def _in_words(handler: Handler) -> Handler:
    """A handler whose ValueErrors are answered as 400 with their words."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ValueError as wrong:
            return web.json_response({"error": str(wrong)}, status=400)

    return handle


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise ValueError("the body must be JSON, with Content-Type: application/json")
    try:
        body = json.loads(await request.text())
    except ValueError as broken:
        raise ValueError(f"the body is no JSON: {broken}") from broken
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - wrong values are all one to the caller
    return body


def _string(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a string")
    return value


def _number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number, not below 0")
    return value
