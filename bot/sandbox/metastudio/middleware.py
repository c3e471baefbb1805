"""Handle every request: give it a request ID and an answer or trouble, and record it."""

import asyncio
import contextlib
import secrets
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from aiohttp import web

from bot.sandbox.metastudio.calls import Call, Calls, shown_auth, shown_path
from bot.sandbox.metastudio.control import CONTROL_PREFIX
from bot.sandbox.metastudio.faults import UNSUPPORTED_ANSWERS, Fault, FaultKind
from bot.sandbox.metastudio.operations import Operation, operation_of
from bot.sandbox.metastudio.refusals import (
    BODY_TOO_LARGE,
    INTERNAL_ERROR,
    NO_SUCH_API,
    THROTTLED,
    DroppedError,
    RefusedError,
)
from bot.sandbox.metastudio.trouble import Trouble

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with 0 seconds: closing then sends a reset instead of an orderly end."""


class RequestMiddleware:
    """Middleware that turns refusals into answers, cuts connections, and records both.

    `starts_received` counts by room the start calls that arrived, whatever their outcome.
    """

    def __init__(self, calls: Calls, starts_received: Counter[str], trouble: Trouble) -> None:
        self._calls = calls
        self._starts_received = starts_received
        self._trouble = trouble

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle one request. Control endpoints bypass it: they are not part of the cloud."""
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
        response.headers["Date"] = formatdate(self._trouble.cloud_time(), usegmt=True)
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        operation = operation_of(request)
        if operation is Operation.START:
            self._starts_received[request.match_info["room_id"]] += 1
        fault = self._trouble.take(operation)
        if fault is None:
            return await _carry_out(request, handler)
        if fault.kind is FaultKind.HANG:
            return await self._keep_waiting(fault, request, handler)
        if fault.after:
            with contextlib.suppress(RefusedError, DroppedError):
                await _carry_out(request, handler)
        return _struck(fault)

    async def _keep_waiting(self, fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
        if fault.after:
            try:
                return await _carry_out(request, handler)
            finally:
                await self._trouble.until_over(fault)
        await self._trouble.until_over(fault)
        if request.transport is None or request.transport.is_closing():
            raise DroppedError
        return await _carry_out(request, handler)


async def _carry_out(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        raise RefusedError(NO_SUCH_API) from None
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(BODY_TOO_LARGE) from None


def _struck(fault: Fault) -> web.Response:
    """Return the answer of a fault that neither hangs nor passes a call."""
    match fault.kind:
        case FaultKind.THROTTLE:
            raise RefusedError(THROTTLED)
        case FaultKind.UNSUPPORTED:
            raise RefusedError(UNSUPPORTED_ANSWERS[fault.code])
        case FaultKind.GARBAGE:
            return web.Response(text=fault.body, content_type="application/json")
        case FaultKind.ERRORS:
            raise RefusedError(INTERNAL_ERROR)
        case _:
            raise DroppedError


def _cut(request: web.Request) -> web.Response:
    """Reset the connection. aiohttp requires a response, but nobody receives it."""
    transport = request.transport
    if transport is not None and not transport.is_closing():
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        transport.abort()
    return web.Response()
