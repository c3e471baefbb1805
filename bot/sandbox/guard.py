"""Protect /sandbox/: only the page itself and tools on this machine may use it, no other page in the browser.

A foreign page can reach loopback in two ways. It can send requests, which carry its `Origin`. Or its own name
can resolve to 127.0.0.1, which shows in `Host`.
"""

import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web
from yarl import URL

_PREFIX = "/sandbox/"


@web.middleware
async def refuse_strangers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer 403 under /sandbox/ unless Host is this machine and Origin, if any, is the same as Host."""
    if request.path.startswith(_PREFIX) and (words := _strange(request)):
        return web.json_response({"error": words}, status=403)
    return await handler(request)


def _strange(request: web.Request) -> str | None:
    """Return in words what is foreign about a request, or None."""
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not _is_this_machine(host):
        return "the Host is not this machine's"
    if origin is not None and origin.lower() != f"{request.scheme}://{host}".lower():
        return "the Origin is another page's"
    return None


def _is_this_machine(host: str) -> bool:
    try:
        name = URL(f"http://{host}").host or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
