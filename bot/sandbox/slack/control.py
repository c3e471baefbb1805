"""Endpoints under /sandbox/ for those who play the people: tests in other processes, and the page.

JSON both ways and no authentication: the server listens on loopback only, and turns other pages away.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from aiohttp import web

from bot.sandbox.slack.commands import CommandResult, SlashCommand
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.traffic import Traffic
from bot.sandbox.slack.trouble import Trouble
from bot.sandbox.slack.workspace import Workspace
from bot.sandbox.wishes import in_words, optional_number, optional_string, read_body

_KINDS = ("ratelimited", "server_error", "hang", "lost", "disconnect", "clear")


class Controlled(Protocol):
    """What of the stand-in is reached from outside."""

    workspace: Workspace
    traffic: Traffic
    trouble: Trouble
    request_url: str | None
    commands: Sequence[SlashCommand]

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
        router.add_post("/sandbox/commands", in_words(self.run_command))
        router.add_get("/sandbox/messages", self.list_messages)
        router.add_get("/sandbox/traffic", in_words(self.list_traffic))
        router.add_get("/sandbox/workspace", self.describe_workspace)
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
        return web.json_response(asdict(result))

    async def list_messages(self, request: web.Request) -> web.Response:
        messages = self._stand_in.messages(request.query.get("channel"), request.query.get("viewer"))
        return web.json_response({"messages": [asdict(message) for message in messages]})

    async def list_traffic(self, request: web.Request) -> web.Response:
        """Everything remembered, or what came after the exchange of the number `after`."""
        after = request.query.get("after", "0")
        if not after.isdecimal():
            raise ValueError("after is the number of an exchange")
        latest = [asdict(exchange) for exchange in self._stand_in.traffic if exchange.n > int(after)]
        return web.json_response({"traffic": latest})

    async def describe_workspace(self, _request: web.Request) -> web.Response:
        workspace = self._stand_in.workspace
        channels = [
            asdict(channel)
            | {
                "members": sorted(channel.members),
                "bot_is_member": workspace.bot.user_id in channel.members,
            }
            for channel in workspace.channels.values()
        ]
        return web.json_response(
            {
                "team": {
                    "id": workspace.team_id,
                    "name": workspace.team_name,
                    "domain": workspace.team_domain,
                },
                "bot": asdict(workspace.bot),
                "people": [asdict(person) for person in workspace.people.values()],
                "channels": channels,
                "commands": [asdict(command) for command in self._stand_in.commands],
            }
        )

    async def count_sockets(self, _request: web.Request) -> web.Response:
        return web.json_response({"open": self._stand_in.open_sockets})

    async def make_trouble(self, request: web.Request) -> web.Response:
        """`seconds` and `times` limit the trouble; without them it lasts until {"kind": "clear"}.

        For "ratelimited", `seconds` is also what Retry-After says, unless `retry_after` says otherwise.
        """
        body = await read_body(request)
        trouble = self._stand_in.trouble
        method, times = optional_string(body, "method"), optional_number(body, "times")
        seconds = optional_number(body, "seconds")
        bounds: dict[str, Any] = {"times": times if times is None else int(times)}
        if seconds is not None:
            bounds["seconds"] = seconds
        match body.get("kind"):
            case "ratelimited":
                retry_after = int(optional_number(body, "retry_after") or seconds or 1)
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
        body = await read_body(request)
        url = optional_string(body, "url")
        if "url" not in body or (url is not None and not url.startswith(("http://", "https://"))):
            raise ValueError("url is an http address, or null for Socket Mode")
        self._stand_in.request_url = url
        return web.json_response({"url": url})
