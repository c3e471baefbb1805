"""Fakes of the cloud: scripted answers, servers on real sockets, a payload with every field."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx
from typing_extensions import override

from bot.domain.invocation import StartRequest

ROOM = StartRequest("24bad716-87b1-45e5-8912-6102f7693265")
PROJECT = "0123456789abcdef0123456789abcdef"
JOB_ID = "26f06524-4f75-4b3a-a853-b649a21aaf66"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

FULL_ANSWER: dict[str, Any] = {
    "job_id": JOB_ID,
    "rtc_room_info": {
        "app_id": "rtc-app-1",
        "room_id": "rtc-room-1",
        "users": [
            {
                "user_type": kind,
                "user_id": f"user-{number}",
                "signature": f"rtc-signature-{number}",
                "ctime": 4294967295 - number,
            }
            for number, kind in enumerate(
                ("CAPTURE", "ANIMATION", "RENDER", "PLAYER", "INFERENCE_USER", "END_USER")
            )
        ],
    },
    "chat_subtitle_config": {"dx": 360, "dy": 880, "width": 1200, "height": 140},
    "video_config": {"width": 1920, "height": 1080},
    "voice_config_list": [
        {
            "voice_asset_id": "a1b2c3",
            "speed": 100,
            "pitch": 110,
            "volume": 140,
            "provider": "HUAWEI_EI",
            "language": "CN",
            "language_desc": "Mandarin",
        },
        {
            "voice_asset_id": "d4e5f6",
            "speed": 95,
            "pitch": 90,
            "volume": 200,
            "provider": "MOBVOI",
            "language": "EN",
            "language_desc": "British",
        },
    ],
    "chat_video_type": "Hub",
    "is_transparent": True,
    "region": "cn-southwest-2",
    "default_language": "ESP",
}
"""Every field of Tables 5 to 10, with different values if possible."""


class Clock:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **how_far: float) -> None:
        self.now += timedelta(**how_far)


class Pauses(list[float]):
    """A `sleep` that takes no time and records the seconds."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


class Body(httpx.AsyncByteStream):
    """The content of an answer, as a stream of bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


@dataclass(frozen=True)
class Says:
    """An answer: JSON unless `content` is bytes."""

    status: int
    content: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> httpx.Response:
        content = self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
        return httpx.Response(self.status, headers=dict(self.headers), stream=Body(content))


ACCEPTS = Says(202, {"job_id": JOB_ID}, {"X-Request-Id": "request-1"})
THROTTLES = Says(429, {"error_code": "APIGW.0308", "error_msg": "too many", "request_id": "request-2"})

Step = Says | Exception | Callable[[httpx.Request], Awaitable[Says]]


class ScriptedCloud(httpx.AsyncBaseTransport):
    """Answers each request with the next step of its script; the last step is repeated."""

    def __init__(self, *script: Step) -> None:
        self._script = script
        self.requests: list[httpx.Request] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        step = self._script[min(len(self.requests), len(self._script) - 1)]
        self.requests.append(request)
        if isinstance(step, Exception):
            raise step
        return (step if isinstance(step, Says) else await step(request)).response()


Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""What a server does after it has read a whole request."""


class RawServer:
    """A server on a real socket that reads whole requests and then does what the test says."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", 0, limit=1_000_000)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await self._server.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = _header(head, b"content-length")
                body = await reader.readexactly(int(length or 0))
                self.requests.append(head + body)
                await self._behave(head + body, writer)
        writer.close()


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


def on_the_wire(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


ACCEPTED_ON_THE_WIRE = on_the_wire(202, json.dumps({"job_id": JOB_ID}).encode())


def answers(*answers_in_turn: bytes) -> Behaviour:
    """Send the next of the answers; the last one is repeated."""
    waiting = list(answers_in_turn)

    async def behave(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        await writer.drain()

    return behave


async def closes(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resets(request: bytes, writer: asyncio.StreamWriter) -> None:
    lingering = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    writer.transport.abort()


async def says_nothing(request: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def stops_halfway(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(ACCEPTED_ON_THE_WIRE[:-10])
    await writer.drain()
    await asyncio.Event().wait()


async def closes_halfway(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(ACCEPTED_ON_THE_WIRE[:-10])
    await writer.drain()
    writer.close()
