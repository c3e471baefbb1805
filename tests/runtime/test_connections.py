"""The limit of connections."""

import asyncio
import socket
from typing import cast

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
