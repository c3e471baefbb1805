"""The HTTP endpoints that the app calls: Web API and response_urls, with injected trouble."""

import json
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from aiohttp import web

from bot.sandbox.slack.commands import show_response
from bot.sandbox.slack.content import Refusal
from bot.sandbox.slack.messages import MessageLog
from bot.sandbox.slack.response_urls import ResponseUrl, ResponseUrls
from bot.sandbox.slack.socket_mode import SocketMode
from bot.sandbox.slack.traffic import Traffic
from bot.sandbox.slack.trouble import RESPONSE_URL, SOCKET, Trouble
from bot.sandbox.slack.web_api import Reply, WebApi


class Endpoints:
    """HTTP handlers around the Web API, the response_urls and the sockets."""

    def __init__(
        self,
        web_api: WebApi,
        response_urls: ResponseUrls,
        messages: MessageLog,
        *,
        sockets: SocketMode,
        traffic: Traffic,
        trouble: Trouble,
    ) -> None:
        self._web_api = web_api
        self._response_urls = response_urls
        self._messages = messages
        self._sockets = sockets
        self._traffic = traffic
        self._trouble = trouble

    def register(self, application: web.Application) -> None:
        application.router.add_route("*", "/api/{method}", self.call_method)
        for kind in ("commands", "actions"):
            path = f"/{kind}/{{team}}/{{number}}/{{secret}}"
            application.router.add_post(path, self.use_response_url)
        application.router.add_get("/link/", self.open_socket)

    async def call_method(self, request: web.Request) -> web.StreamResponse:
        """Answer one Web API call: a form, a query or JSON; the token is in a header or a field."""
        began = perf_counter()
        method = request.match_info["method"]
        arguments: dict[str, Any] | None = None

        async def answer() -> tuple[web.Response, Any]:
            nonlocal arguments
            arguments = await _arguments(request)
            if arguments is None:
                reply = Reply({"ok": False, "error": "invalid_json"})
            else:
                reply = self._web_api.call(method, _token(request, arguments), arguments)
            return web.json_response(reply.answer, status=reply.status, headers=reply.headers), reply.answer

        response, said = await self._with_trouble(request, method, answer)
        milliseconds = (perf_counter() - began) * 1000
        self._traffic.record("web_api", method, sent=arguments, answer=said, milliseconds=milliseconds)
        return response

    async def open_socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket. Trouble affects it only at its beginning."""
        fault = self._trouble.take(SOCKET)
        if fault is None:
            return await self._sockets.handle(request)
        if fault.kind == "turned_away":
            return await self._sockets.turn_away(request, fault.word)
        if fault.kind == "away":
            return _cut(request)
        if fault.kind == "hang":
            await self._trouble.until_over()
        return web.Response(status=503, text="Service Unavailable")

    async def use_response_url(self, request: web.Request) -> web.StreamResponse:
        """Answer one post to a response_url.

        The answer is the text "ok" if the content was shown. Invalid content gets 400 with the error as text
        (`no_text`, `invalid_blocks`, `invalid_payload`). An address that no longer works gets 404 with JSON
        (`used_url`, `expired_url`, `no_service`).
        """
        began = perf_counter()
        body = await request.text()

        async def answer() -> tuple[web.Response, Any]:
            status, error = self._respond(request.path, body)
            if status == 404:
                dead = {"ok": False, "error": error}
                return web.json_response(dead, status=404), dead
            return web.Response(text=error or "ok", status=status), error or "ok"

        response, said = await self._with_trouble(request, RESPONSE_URL, answer)
        milliseconds = (perf_counter() - began) * 1000
        self._traffic.record(
            "response_url", request.path, sent=_json(body), answer=said, milliseconds=milliseconds
        )
        return response

    def _respond(self, path: str, body: str) -> tuple[int, str | None]:
        """Show the posted content; return a status, and the error if there is one.

        The original is the message whose element was used. A command has no original: `replace_original` and
        `delete_original` then do nothing.
        """
        used = self._response_urls.use(path)
        if not isinstance(used, ResponseUrl):
            return 404, used
        response = _json(body)
        if not isinstance(response, dict):
            return 400, "invalid_payload"
        original = self._messages.get(used.channel, used.message_ts) if used.message_ts else None
        if response.get("delete_original") is True:
            if original is not None:
                self._messages.delete(original)
            return 200, None
        shown = show_response(
            self._messages,
            response,
            used.channel,
            used.user,
            "response_url",
            replaced=original if response.get("replace_original") is True else None,
        )
        return (400, shown.error) if isinstance(shown, Refusal) else (200, None)

    async def _with_trouble(
        self,
        request: web.Request,
        method: str,
        answer: Callable[[], Awaitable[tuple[web.Response, Any]]],
    ) -> tuple[web.StreamResponse, Any]:
        """Return the answer and its record for the traffic, or the trouble made for this call."""
        arguments = await _arguments(request) or {}
        fault = self._trouble.take(method, has_blocks=bool(arguments.get("blocks")))
        if fault is None:
            return await answer()
        if fault.kind in {"ratelimited", "answered"}:
            said = fault.answer
            response = web.Response(
                status=said.status, text=said.body, content_type=said.content_type, headers=said.headers
            )
            return response, _json(said.body)
        if fault.kind in {"lost", "cut", "away"}:
            if fault.kind == "lost":
                await answer()
            return _cut(request), fault.kind
        if fault.kind == "hang":
            await self._trouble.until_over()
        return web.Response(status=500, text="Server Error", content_type="text/html"), fault.kind


def _cut(request: web.Request) -> web.Response:
    """Cut the connection; the response reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _arguments(request: web.Request) -> dict[str, Any] | None:
    """Read all arguments of a call; None if the JSON is invalid or not an object."""
    query: dict[str, Any] = dict(request.query)
    if request.content_type != "application/json":
        return query | dict(await request.post())
    body = _json(await request.text() or "{}")
    return query | body if isinstance(body, dict) else None


def _token(request: web.Request, arguments: dict[str, Any]) -> str | None:
    """Return the call's token, and remove it from the arguments if it is there."""
    field = arguments.pop("token", None)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else field


def _json(text: str) -> Any:
    """Return the JSON value of a text, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
