"""The sandbox's own endpoints: look at what happened, make trouble. The cloud has nothing of the kind."""

from collections.abc import Callable
from dataclasses import asdict

from aiohttp import web

from bot.sandbox.metastudio.calls import Calls
from bot.sandbox.metastudio.jobs import Jobs
from bot.sandbox.metastudio.payloads import room_payload
from bot.sandbox.metastudio.rooms import MISBEHAVING_ROOMS, NAMED_ROOMS
from bot.sandbox.metastudio.tokens import Tokens
from bot.sandbox.metastudio.trouble import Trouble
from bot.sandbox.wishes import in_words, read_body

CONTROL_PREFIX = "/sandbox/"


class Control:
    """Answers the control endpoints; a guard before them lets nobody in but this machine."""

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
            web.post(f"{CONTROL_PREFIX}trouble", in_words(self._make_trouble)),
            web.post(f"{CONTROL_PREFIX}tokens/revoke", self._revoke_tokens),
        ]

    async def _show_jobs(self, _request: web.Request) -> web.Response:
        return web.json_response({"jobs": [asdict(job) for job in self._jobs.snapshots()]})

    async def _show_calls(self, _request: web.Request) -> web.Response:
        return web.json_response({"calls": [asdict(call) for call in self._calls]})

    async def _show_rooms(self, _request: web.Request) -> web.Response:
        misbehaving = [{"room_id": name, "description": words} for name, words in MISBEHAVING_ROOMS.items()]
        return web.json_response(
            {"named": [room_payload(room) for room in NAMED_ROOMS], "misbehaving": misbehaving}
        )

    async def _make_trouble(self, request: web.Request) -> web.Response:
        """`{"kind": "down" | "throttle", "seconds": n}`; 0 seconds end the trouble."""
        self._trouble.begin(await read_body(request), self._clock())
        return web.json_response(self._trouble.state(self._clock()))

    async def _revoke_tokens(self, _request: web.Request) -> web.Response:
        return web.json_response({"revoked": self._tokens.revoke_all()})
