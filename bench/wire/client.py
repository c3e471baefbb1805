"""Kept-alive connections, each with at most one request at a time."""

import asyncio
import re

from typing_extensions import override

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)


class Connections:
    """Connections to one port of this machine; as many as there are simultaneous requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Connection] = []

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; return the answer's status and its bytes, head included.

        The server may close a kept connection at that moment; the request is then sent once more on a new
        one.

        Raises:
            OSError: there is no connection, or it was lost.
        """
        kept = self._kept()
        if kept is not None:
            try:
                return await self._exchange_on(kept, request)
            except ConnectionResetError:
                pass
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(_Connection, "127.0.0.1", self._port)
        return await self._exchange_on(made, request)

    def close(self) -> None:
        """Close idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _exchange_on(self, connection: "_Connection", request: bytes) -> tuple[int, bytes]:
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return int(answer[9:12]), answer

    def _kept(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> bytes:
        if self._transport is None:
            raise ConnectionResetError
        self._received.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("closed before it answered"))

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._answer is not None and not self._answer.done() and self._is_whole():
            self._answer.set_result(bytes(self._received))

    def _is_whole(self) -> bool:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._received[:end])
        if _CHUNKED.search(head):
            return self._received.endswith(b"0\r\n\r\n")
        length = _LENGTH.search(head)
        return len(self._received) >= end + 4 + (int(length[1]) if length else 0)
