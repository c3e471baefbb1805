"""The sandbox's own endpoints, which show what happened and make trouble. The real cloud has none of them."""

from collections import Counter

from aiohttp import web

from bot.sandbox.json_requests import in_words, read_body
from bot.sandbox.metastudio.calls import Calls
from bot.sandbox.metastudio.jobs import Jobs
from bot.sandbox.metastudio.payloads import room_payload
from bot.sandbox.metastudio.rooms import MISBEHAVING_ROOMS, NAMED_ROOMS
from bot.sandbox.metastudio.tokens import Tokens
from bot.sandbox.metastudio.trouble import Trouble
from bot.sandbox.metastudio.trouble_requests import make_trouble
from bot.sandbox.plain import plain

CONTROL_PREFIX = "/sandbox/"


class Control:
    """Handlers of the control endpoints. A guard in front admits only this machine."""

    def __init__(
        self, jobs: Jobs, calls: Calls, starts_received: Counter[str], tokens: Tokens, trouble: Trouble
    ) -> None:
        self._jobs = jobs
        self._calls = calls
        self._starts_received = starts_received
        self._tokens = tokens
        self._trouble = trouble

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints."""
        return [
            web.get(f"{CONTROL_PREFIX}jobs", self._show_jobs),
            web.get(f"{CONTROL_PREFIX}calls", self._show_calls),
            web.get(f"{CONTROL_PREFIX}starts", self._count_starts),
            web.get(f"{CONTROL_PREFIX}rooms", self._show_rooms),
            web.post(f"{CONTROL_PREFIX}trouble", in_words(self._make_trouble)),
            web.post(f"{CONTROL_PREFIX}tokens/revoke", self._revoke_tokens),
        ]

    async def _show_jobs(self, request: web.Request) -> web.Response:
        """Show all jobs, or those of the room `room_id`."""
        jobs = self._jobs.snapshots(request.query.get("room_id"))
        return web.json_response({"jobs": [plain(job) for job in jobs]})

    async def _show_calls(self, _request: web.Request) -> web.Response:
        """Show the latest calls; the record is bounded."""
        return web.json_response({"calls": [plain(call) for call in self._calls]})

    async def _count_starts(self, _request: web.Request) -> web.Response:
        """Count by room all jobs made (`starts`) and all start calls received (`calls`)."""
        counted = {"starts": self._jobs.made_by_room(), "calls": self._starts_received}
        return web.json_response(counted)

    async def _show_rooms(self, _request: web.Request) -> web.Response:
        misbehaving = [{"room_id": name, "description": words} for name, words in MISBEHAVING_ROOMS.items()]
        return web.json_response(
            {"named": [room_payload(room) for room in NAMED_ROOMS], "misbehaving": misbehaving}
        )

    async def _make_trouble(self, request: web.Request) -> web.Response:
        """Make trouble, as `trouble_requests` describes, and answer what is wrong from now on."""
        make_trouble(await read_body(request), self._trouble)
        return web.json_response({"trouble": self._trouble.state()})

    async def _revoke_tokens(self, _request: web.Request) -> web.Response:
        return web.json_response({"revoked": self._tokens.revoke_all()})
