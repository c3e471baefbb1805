"""The sandbox's own endpoints: look at what happened, make trouble. The cloud has nothing of the kind."""

import ipaddress
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .calls import Calls
from .jobs import Jobs
from .payloads import room_payload
from .rooms import MISBEHAVING_ROOMS, NAMED_ROOMS
from .tokens import Tokens
from .trouble import Trouble

CONTROL_PREFIX = "/sandbox/"

_LONGEST_TROUBLE = 24 * 3600
"""Seconds."""


class Control:
    """Answers the control endpoints, without authentication but for this machine alone."""

    def __init__(
        self, jobs: Jobs, calls: Calls, tokens: Tokens, trouble: Trouble, clock: Callable[[], float]
    ) -> None:
        self._jobs = jobs
        self._calls = calls
        self._tokens = tokens
        self._trouble = trouble
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """The endpoints."""
        return [
            web.get(f"{CONTROL_PREFIX}jobs", self._show_jobs),
            web.get(f"{CONTROL_PREFIX}calls", self._show_calls),
            web.get(f"{CONTROL_PREFIX}rooms", self._show_rooms),
            web.post(f"{CONTROL_PREFIX}trouble", self._make_trouble),
            web.post(f"{CONTROL_PREFIX}tokens/revoke", self._revoke_tokens),
        ]

    async def _show_jobs(self, request: web.Request) -> web.Response:
        refuse_strangers(request)
        return web.json_response({"jobs": [asdict(job) for job in self._jobs.snapshots()]})

    async def _show_calls(self, request: web.Request) -> web.Response:
        refuse_strangers(request)
        return web.json_response({"calls": [asdict(call) for call in self._calls]})

    async def _show_rooms(self, request: web.Request) -> web.Response:
        refuse_strangers(request)
        misbehaving = [{"room_id": name, "description": words} for name, words in MISBEHAVING_ROOMS.items()]
        return web.json_response(
            {"named": [room_payload(room) for room in NAMED_ROOMS], "misbehaving": misbehaving}
        )

    async def _make_trouble(self, request: web.Request) -> web.Response:
        """`{"kind": "down" | "throttle", "seconds": n}`; 0 seconds end the trouble."""
        refuse_strangers(request)
        wish = _read_object(await request.read())
        kind, seconds = wish.get("kind"), _read_seconds(wish.get("seconds"))
        until = self._clock() + seconds
        match kind:
            case "down":
                self._trouble.down, self._trouble.down_until = False, until
            case "throttle":
                self._trouble.throttle_until = until
            case _:
                raise _bad_request('"kind" must be "down" or "throttle"')
        return web.json_response({"kind": kind, "seconds": seconds, "until": until})

    async def _revoke_tokens(self, request: web.Request) -> web.Response:
        refuse_strangers(request)
        return web.json_response({"revoked": self._tokens.revoke_all()})


def refuse_strangers(request: web.Request) -> None:
    """Let only callers on this machine through, wherever the server listens."""
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        local = False
    if not local:
        words = json.dumps({"error": "only callers on this machine may use the control endpoints"})
        raise web.HTTPForbidden(text=words, content_type="application/json")


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        wish = json.loads(body)
    except (ValueError, RecursionError):
        raise _bad_request("the body is not JSON") from None
    if not isinstance(wish, dict):
        raise _bad_request("the body is not a JSON object")
    return wish


def _read_seconds(seconds: object) -> float:
    number = seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else math.nan
    if not 0 <= number <= _LONGEST_TROUBLE:
        raise _bad_request(f'"seconds" must be a number from 0 to {_LONGEST_TROUBLE}')
    return float(number)


def _bad_request(words: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"error": words}), content_type="application/json")
