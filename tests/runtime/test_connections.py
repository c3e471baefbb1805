"""The limit of connections."""

import asyncio
import socket
from typing import cast

import pytest
from typing_extensions import override

from bot.runtime.connections import Connections

LIMIT = 2
CROWD = 8


class Counted(asyncio.Protocol):
    """A protocol that counts the open connections."""

    def __init__(
        self, open_now: set[asyncio.Protocol], most: list[int], limit_reached: asyncio.Event
    ) -> None:
        self._open_now = open_now
        self._most = most
        self._limit_reached = limit_reached

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open_now.add(self)
        self._most.append(len(self._open_now))
        if len(self._open_now) == LIMIT:
            self._limit_reached.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._open_now.discard(self)


async def test_a_crowd_that_comes_at_once_stays_within_the_limit_and_loses_nobody() -> None:
    open_now: set[asyncio.Protocol] = set()
    most: list[int] = []
    limit_reached = asyncio.Event()
    connections = Connections(LIMIT, lambda: Counted(open_now, most, limit_reached))
    await connections.listen("127.0.0.1", 0)
    address = cast("tuple[str, int]", connections.addresses[0])
    crowd = [socket.create_connection(address) for _ in range(CROWD)]  # all before the first is accepted
    try:
        async with asyncio.timeout(5):
            await limit_reached.wait()
        await asyncio.sleep(0.1)

        assert max(most) == LIMIT
        assert all(connections.of(protocol) for protocol in open_now)
    finally:
        for each in crowd:
            each.close()
        await connections.close()


class Unanswered(asyncio.Protocol):
    """A protocol that reads everything and answers nothing, like a slow process in a crowd."""


@pytest.mark.parametrize(
    ("parts", "is_dropped"),
    [
        ([b"POST / HTTP/1.1\r\nHost: b\r\n\r\n"], False),
        ([b"POST / HTTP/1.1\r\nHost: b\r", b"\n", b"\r", b"\n"], False),
        ([b"POST / HTTP/1.1\r\nHost: b\r\n"], True),
        ([], True),
    ],
    ids=["a whole request", "one in small parts", "half of one", "nothing"],
)
async def test_a_request_that_waits_for_the_process_is_not_taken_for_silence(
    parts: list[bytes], *, is_dropped: bool
) -> None:
    connections = Connections(1, Unanswered, silence_seconds=0.2)
    await connections.listen("127.0.0.1", 0)
    host, port = connections.addresses[0]
    reader, writer = await asyncio.open_connection(host, port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.02)
    with socket.create_connection((host, port)):  # it needs the only place
        closed = asyncio.create_task(reader.read())
        done, _ = await asyncio.wait({closed}, timeout=1.0)
        closed.cancel()
    writer.transport.abort()
    await connections.close()

    assert bool(done) is is_dropped


async def test_what_has_come_in_and_was_not_read_yet_is_no_silence() -> None:
    made: list[asyncio.Protocol] = []

    def new_protocol() -> asyncio.Protocol:
        made.append(Unanswered())
        return made[-1]

    connections = Connections(1, new_protocol)
    await connections.listen("127.0.0.1", 0)
    with socket.create_connection(connections.addresses[0]) as client:
        await asyncio.sleep(0.1)
        connection = connections.of(made[0])
        assert connection is not None
        assert not connection.has_unread_data()
        client.sendall(b"POST")
        assert connection.has_unread_data(), "nothing has run since that could have read it"
    await connections.close()
