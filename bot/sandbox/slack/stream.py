"""Server-Sent Events: a page is told what changed and fetches the rest itself."""

import asyncio
import contextlib
import json

from aiohttp import web

from bot.sandbox.slack.changes import Changes

PAUSE_SECONDS = 0.05
"""Seconds between two groups of events: a burst of changes is reported about 20 times a second."""

HEARTBEAT_SECONDS = 15.0
"""The longest silence. Writing also shows whether a page has gone away."""

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Stream:
    """The handler of GET /sandbox/stream, for any number of pages."""

    def __init__(self, changes: Changes, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._changes = changes
        self._heartbeat_seconds = heartbeat_seconds

    def register(self, application: web.Application) -> None:
        application.router.add_get("/sandbox/stream", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Send events such as `data: {"kind": "messages"}`, each kind once a group, until the page leaves."""
        response = web.StreamResponse(headers=_HEADERS)
        with self._changes.listening() as listener, contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while (kinds := await listener.next(self._heartbeat_seconds)) is not None:
                lines = (f"data: {json.dumps({'kind': kind})}\n\n" for kind in kinds)
                await response.write("".join(lines).encode() or b": still here\n\n")
                await asyncio.sleep(PAUSE_SECONDS)
        return response
