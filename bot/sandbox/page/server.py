"""The page's additions to Slack's stand-in: its files, the bot's log, and MetaStudio's stand-in.

The log and MetaStudio do not report changes, so the server reads both twice a second while a page is open.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

from bot.sandbox.json_requests import in_words, read_body
from bot.sandbox.metastudio import MISBEHAVING_ROOMS, ORDINARY_LIFE, MetaStudioStandIn
from bot.sandbox.metastudio.payloads import room_payload
from bot.sandbox.metastudio.rooms import NAMED_ROOMS
from bot.sandbox.metastudio.trouble_requests import make_trouble
from bot.sandbox.page.files import Files
from bot.sandbox.plain import plain
from bot.sandbox.slack import SlackStandIn

LOOK_SECONDS = 0.5
SHOWN = 200
"""The number of jobs and calls to send, the latest ones: the page shows no more, and there may be 10,000."""

LogRows: TypeAlias = Callable[[], Awaitable[list[dict[str, Any]]]]


class Page:
    """The page and its endpoints, on the server of Slack's stand-in.

    `metastudio` and `log_rows` may be missing; their parts of the page are then empty.
    """

    def __init__(
        self,
        slack: SlackStandIn,
        *,
        metastudio: MetaStudioStandIn | None,
        log_rows: LogRows | None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._slack = slack
        self._metastudio = metastudio
        self._log_rows = log_rows
        self._look_seconds = look_seconds

    def add_to(self, application: web.Application) -> None:
        """Add the routes, before the application is started."""
        Files().register(application)
        application.router.add_get("/sandbox/log", self.show_log)
        application.router.add_get("/sandbox/metastudio", self.show_metastudio)
        application.router.add_post("/sandbox/metastudio/trouble", in_words(self.make_trouble))
        application.cleanup_ctx.append(self._watched)

    async def show_log(self, _request: web.Request) -> web.Response:
        return web.json_response({"rows": await self._rows()})

    async def show_metastudio(self, _request: web.Request) -> web.Response:
        misbehaving = [{"room_id": name, "description": words} for name, words in MISBEHAVING_ROOMS.items()]
        named = [room_payload(room) for room in NAMED_ROOMS]
        rooms = {"named": named, "misbehaving": misbehaving, "ordinary_life": ORDINARY_LIFE}
        stand_in = self._metastudio
        if stand_in is None:
            return web.json_response({"calls": [], "jobs": [], "rooms": rooms, "trouble": []})
        return web.json_response(
            {
                "calls": [plain(call) for call in list(stand_in.calls)[-SHOWN:]],
                "jobs": [plain(job) for job in stand_in.latest_jobs(SHOWN)],
                "rooms": rooms,
                "trouble": stand_in.trouble.state(),
            }
        )

    async def make_trouble(self, request: web.Request) -> web.Response:
        """Make trouble as MetaStudio's stand-in itself does."""
        if self._metastudio is None:
            raise ValueError("there is no MetaStudio here")
        trouble = self._metastudio.trouble
        make_trouble(await read_body(request), trouble)
        self._slack.changes.tell("traffic")
        return web.json_response({"trouble": trouble.state()})

    async def _rows(self) -> list[dict[str, Any]]:
        return [] if self._log_rows is None else await self._log_rows()

    async def _watched(self, _application: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        yield
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching

    async def _watch(self) -> None:
        """Compare with what was seen last, and tell the pages what is new."""
        rows: list[dict[str, Any]] = []
        cloud: tuple[Any, ...] = ()
        while True:
            await asyncio.sleep(self._look_seconds)
            if not self._slack.changes.heard:
                continue
            with contextlib.suppress(Exception):  # a log that cannot be read now is tried again
                seen_rows, rows = rows, await self._rows()
                if rows != seen_rows:
                    self._slack.changes.tell("log")
            seen_cloud, cloud = cloud, self._cloud()
            if cloud != seen_cloud:
                self._slack.changes.tell("traffic")

    def _cloud(self) -> tuple[Any, ...]:
        """Return a value that changes whenever MetaStudio's stand-in does."""
        stand_in = self._metastudio
        if stand_in is None:
            return ()
        calls = stand_in.calls
        latest = calls[-1].request_id if calls else None
        return (
            len(calls),
            latest,
            [(job.job_id, job.state) for job in stand_in.latest_jobs(SHOWN)],
            stand_in.trouble.state(),
        )
