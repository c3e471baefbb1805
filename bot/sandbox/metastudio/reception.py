"""What every request goes through: it gets a request id, an answer and a line in the record."""

import asyncio
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.sandbox.metastudio.calls import Call, Calls, shown_auth, shown_path
from bot.sandbox.metastudio.control import CONTROL_PREFIX
from bot.sandbox.metastudio.refusals import BODY_TOO_LARGE, NO_SUCH_API, DroppedError, RefusedError
from bot.sandbox.metastudio.trouble import Trouble

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: closing then sends a reset instead of an orderly end."""


class Reception:
    """Turns refusals into answers and cut connections into nothing, and records both."""

    def __init__(self, calls: Calls, trouble: Trouble, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._trouble = trouble
        self._clock = clock

    @web.middleware
    async def receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle one request. The control endpoints pass by: they are no part of the cloud."""
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        request_id = secrets.token_hex(16)
        began = asyncio.get_running_loop().time()
        status: int | None = None
        error_code: str | None = None
        try:
            response = await self._answer(request, handler)
            status = response.status
        except RefusedError as error:
            status, error_code = error.refusal.status, error.refusal.code
            response = web.json_response(error.body(request_id), status=status)
        except DroppedError:
            response = _cut(request)
        finally:
            milliseconds = (asyncio.get_running_loop().time() - began) * 1000
            self._calls.append(
                Call(
                    method=request.method,
                    path=shown_path(request),
                    status=status,
                    error_code=error_code,
                    request_id=request_id,
                    auth=shown_auth(request),
                    milliseconds=round(milliseconds, 3),
                )
            )
        response.headers["X-Request-Id"] = request_id
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._trouble.resets_connections(self._clock()):
            raise DroppedError
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            raise RefusedError(NO_SUCH_API) from None
        except web.HTTPRequestEntityTooLarge:
            raise RefusedError(BODY_TOO_LARGE) from None


def _cut(request: web.Request) -> web.Response:
    """Reset the connection. The response is for aiohttp, which wants one; it reaches nobody."""
    transport = request.transport
    if transport is not None and not transport.is_closing():
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        transport.abort()
    return web.Response()
