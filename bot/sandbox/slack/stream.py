"""Server-Sent Events: a page is told what changed and fetches the rest itself."""

import asyncio
import contextlib
import json

from aiohttp import web

from bot.sandbox.slack.changes import Changes

PAUSE_SECONDS = 0.05
"""Between two lots of events: a burst of changes is told of about 20 times a second."""

HEARTBEAT_SECONDS = 15.0
"""How long the line may be silent. Writing is also how a page that went away is noticed."""

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Stream:
    """Answers GET /sandbox/stream, for as many pages at once as there are."""

    def __init__(self, changes: Changes, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._changes = changes
        self._heartbeat_seconds = heartbeat_seconds

    def register(self, application: web.Application) -> None:
        application.router.add_get("/sandbox/stream", self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Events such as `data: {"kind": "messages"}`, each kind once in a lot, until somebody leaves."""
        response = web.StreamResponse(headers=_HEADERS)
        with self._changes.listening() as listener, contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while (kinds := await listener.next(self._heartbeat_seconds)) is not None:
                lines = (f"data: {json.dumps({'kind': kind})}\n\n" for kind in kinds)
                await response.write("".join(lines).encode() or b": still here\n\n")
                await asyncio.sleep(PAUSE_SECONDS)
        return response
