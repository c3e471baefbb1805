"""Socket Mode: the app's sockets, and payloads that each go to exactly one of them.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import itertools
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.slack.delivery import DISPATCH_FAILED, OPERATION_TIMEOUT, Delivery
from bot.sandbox.slack.traffic import Traffic

SOCKETS = 10
"""The most open sockets of one app."""

TICKET_SECONDS = 30.0
"""Seconds for which the address of a socket is valid."""

DRAIN_SECONDS = 10.0
"""Seconds that a socket stays open after it was asked to reconnect."""

_DEBUG_INFO = {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18_060}


@dataclass(slots=True, eq=False)
class Connection:
    """One open socket. `patience` runs out some time after the app was asked to reconnect."""

    number: int
    socket: web.WebSocketResponse
    request: web.Request
    patience: asyncio.Timeout


@dataclass(slots=True)
class Waiting:
    """A sent envelope: the expected ack, and when it was sent."""

    ack: asyncio.Future[Any]
    sent: float


class SocketMode:
    """Tickets, open sockets and unacknowledged envelopes."""

    def __init__(
        self,
        app_id: str,
        traffic: Traffic,
        ack_seconds: float,
        changed: Callable[[], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        self.ack_seconds = ack_seconds
        self._app_id = app_id
        self._traffic = traffic
        self._tell = changed
        self._clock = clock
        self._tickets: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self._turns = itertools.count()
        self._all: set[Connection] = set()
        self._open: list[Connection] = []
        self._waiting: dict[str, Waiting] = {}
        self._changed = asyncio.Condition()

    @property
    def open_sockets(self) -> int:
        """The number of sockets that can receive payloads, without those that were asked to reconnect."""
        return len(self._open)

    def issue_url(self, origin: str) -> str:
        """Issue a WebSocket address, valid for one connection and for a short time."""
        ticket = str(uuid.uuid4())
        self._tickets[ticket] = self._clock()
        address = origin.replace("http", "ws", 1)
        return f"{address}/link/?ticket={ticket}&app_id={self._app_id}&nonce={secrets.token_hex(4)}"

    async def wait_until_open(self, count: int = 1) -> None:
        """Wait until at least this many sockets are open."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.open_sockets >= count)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket, from its handshake to its end."""
        self._use_ticket(request)
        if len(self._open) >= SOCKETS:
            return await self._say_goodbye(request, "too_many_websockets")
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:
                await self._serve(Connection(next(self._numbers), socket, request, patience))
        await socket.close()
        return socket

    async def turn_away(self, request: web.Request, reason: str) -> web.WebSocketResponse:
        """Open a socket and tell it at once to disconnect."""
        self._use_ticket(request)
        self._traffic.record("socket", "new socket", answer=f"turned away: {reason}")
        return await self._say_goodbye(request, reason)

    async def deliver(self, kind: str, payload: dict[str, Any]) -> Delivery:
        """Send a payload to one of the open sockets and wait for its ack."""
        if not self._open:
            return Delivery(error=DISPATCH_FAILED)
        connection = self._open[next(self._turns) % len(self._open)]
        envelope: dict[str, Any] = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        return await self._send(connection, envelope)

    async def disconnect(self) -> None:
        """Ask every socket to reconnect; none of them receives anything more."""
        leaving, self._open = self._open, []
        notice = {"type": "disconnect", "reason": "refresh_requested", "debug_info": _DEBUG_INFO}
        for connection in leaving:
            self._traffic.record("socket", f"socket {connection.number}", answer="told to reconnect")
            self._tell()
            connection.patience.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)
            with contextlib.suppress(ConnectionError):
                await connection.socket.send_json(notice)

    def abort(self) -> None:
        """Drop every socket without a message, as a broken network does."""
        self._open = []
        self._tell()
        for connection in self._all:
            if connection.request.transport is not None:
                connection.request.transport.abort()

    def _use_ticket(self, request: web.Request) -> None:
        issued = self._tickets.pop(request.query.get("ticket", ""), None)
        if issued is None:
            raise web.HTTPForbidden(text="the ticket was used before, or was never issued")
        if self._clock() > issued + TICKET_SECONDS:
            raise web.HTTPForbidden(text="the ticket is too old")

    async def _say_goodbye(self, request: web.Request, reason: str) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": _DEBUG_INFO})
        await socket.close()
        return socket

    async def _serve(self, connection: Connection) -> None:
        self._all.add(connection)
        self._open.append(connection)
        self._traffic.record("socket", f"socket {connection.number}", answer="opened")
        self._tell()
        try:
            await connection.socket.send_json(
                {
                    "type": "hello",
                    "num_connections": self.open_sockets,
                    "debug_info": _DEBUG_INFO,
                    "connection_info": {"app_id": self._app_id},
                }
            )
            async with self._changed:
                self._changed.notify_all()
            async for message in connection.socket:
                if message.type is WSMsgType.TEXT:
                    self._take_ack(message.data)
        except ConnectionError:
            pass
        finally:
            self._all.discard(connection)
            self._open = [other for other in self._open if other is not connection]
            self._traffic.record("socket", f"socket {connection.number}", answer="closed")
            self._tell()

    async def _send(self, connection: Connection, envelope: dict[str, Any]) -> Delivery:
        name = envelope["envelope_id"]
        waiting = Waiting(asyncio.get_running_loop().create_future(), perf_counter())
        self._waiting[name] = waiting
        self._traffic.record("envelope", name, sent=envelope)
        try:
            async with asyncio.timeout(self.ack_seconds):
                await connection.socket.send_json(envelope)
                return Delivery(ack=await waiting.ack)
        except TimeoutError:
            return Delivery(error=OPERATION_TIMEOUT)
        except ConnectionError:
            return Delivery(error=DISPATCH_FAILED)
        finally:
            del self._waiting[name]

    def _take_ack(self, text: str) -> None:
        """Match an ack with its envelope; one that comes too late is only recorded."""
        try:
            ack = json.loads(text)
            name = str(ack["envelope_id"])
        except (ValueError, TypeError, KeyError):
            self._traffic.record("ack", "unreadable", sent=text)
            return
        waiting = self._waiting.get(name)
        payload = ack.get("payload")
        if waiting is None or waiting.ack.done():
            self._traffic.record("ack", name, sent=payload, answer="too late")
            return
        self._traffic.record("ack", name, sent=payload, milliseconds=(perf_counter() - waiting.sent) * 1000)
        waiting.ack.set_result(payload)
