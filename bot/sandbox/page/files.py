"""Serve the page's own files, which lie beside this module. They are read on each request, so edits show."""

import asyncio
import re
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent

_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?P<suffix>html|css|js|svg)", re.ASCII)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Files:
    """The handler of GET / and GET /page/{file}."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def register(self, application: web.Application) -> None:
        application.router.add_get("/", self.show_index)
        application.router.add_get("/page/{file:.*}", self.show_file)

    async def show_index(self, _request: web.Request) -> web.Response:
        return await self._file("index.html")

    async def show_file(self, request: web.Request) -> web.Response:
        return await self._file(request.match_info["file"])

    async def _file(self, name: str) -> web.Response:
        """Return a file; 404 for anything but the page's kinds of files in this one folder."""
        found = _NAME.fullmatch(name)
        content = await asyncio.to_thread(_read, self._folder / name) if found else None
        if found is None or content is None:
            return web.Response(status=404, text="There is no such file.", headers=_HEADERS)
        kind = _TYPES[found["suffix"]]
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=_HEADERS)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
