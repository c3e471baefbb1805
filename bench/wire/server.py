"""A server whose answers are rendered beforehand."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from typing_extensions import override

BACKLOG = 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `target` is the path with its query."""

    method: bytes
    target: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of a whole response, and the seconds to wait before sending it."""

    content: bytes
    seconds: float = 0.0


Answering = Callable[[Request], Answer]


def rendered(status: str, body: bytes, *headers: str) -> bytes:
    """Render a response; `status` is the code with its words."""
    head = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def listen(answering: Answering, port: int = 0) -> tuple[asyncio.Server, int]:
    """Serve on 127.0.0.1; return the server and its port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: _Conversation(answering), "127.0.0.1", port, backlog=BACKLOG
    )
    return server, int(server.sockets[0].getsockname()[1])


class _Conversation(asyncio.Protocol):
    """One connection; its requests come one after the other."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while request := self._next_request():
            answer = self._answering(request)
            if answer.seconds:
                loop = asyncio.get_running_loop()
                loop.call_later(answer.seconds, partial(self._write, answer.content))
            else:
                self._write(answer.content)

    def _next_request(self) -> Request | None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._received[:end])
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._received) < whole:
            return None
        method, target, _ = head.split(b" ", 2)
        if length is None and _CHUNKED.search(head):
            raise ValueError("a request in chunks, which no contender is known to send")
        body = bytes(self._received[end + 4 : whole])
        del self._received[:whole]
        return Request(method, target, body)

    def _write(self, content: bytes) -> None:
        if self._transport is not None:
            self._transport.write(content)
