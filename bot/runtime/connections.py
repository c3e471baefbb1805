"""Limit the web server's connections, and drop idle ones before they keep others out.

asyncio's own server accepts connections until no file descriptor is left for the database. Here further
connections wait in the listening socket's queue. When all places are taken, idle connections are dropped
first.
"""

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable, Sequence
from itertools import islice, takewhile
from typing import Any, cast

import structlog
from typing_extensions import override

from bot.runtime.background import Tasks

HEADER_SECONDS = 5.0
"""Seconds within which a request's headers must arrive, from the connection or from their first byte."""

SILENCE_SECONDS = 2.0
"""Seconds that a new connection may be silent before it can be dropped, while all places are taken."""

BACKLOG = 4096
"""Connections that may wait to be accepted. Beyond the usual 128, TCP retries only after a second. The system
may allow fewer."""

AT_ONCE = 100
"""Connections accepted in a row before the open ones are served again."""

RETRY_SECONDS = 0.2

UNREAD_BYTES = 16 * 1024 * 1024
"""The most bytes that all connections together may send before their requests are known."""

END_OF_HEADERS = b"\r\n\r\n"

RESERVED = 256
"""File descriptors kept for the database, Slack, MetaStudio and the rest of the process."""

MOST = 2048
"""The most connections, even with more file descriptors: each connection needs memory too."""

_log = structlog.get_logger()


def connection_limit(descriptors: int) -> int:
    """Return how many connections fit a limit of file descriptors; a negative number means no limit."""
    return MOST if descriptors < 0 else max(1, min(MOST, descriptors - RESERVED, descriptors // 2 + RESERVED))


class Connection(asyncio.Protocol):
    """One connection, in front of the protocol that speaks HTTP through it.

    It is `busy` from the end of a request's headers to the answer. Then it waits for this process, and a slow
    process must not drop it as idle.
    """

    def __init__(self, protocol: asyncio.Protocol, connections: "Connections") -> None:
        self.protocol = protocol
        self.busy = False
        self.since = asyncio.get_running_loop().time()
        self.unread = 0
        self._tail = b""
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.since = asyncio.get_running_loop().time()
        self._expect_headers()
        self.protocol.connection_made(transport)

    @override
    def data_received(self, data: bytes) -> None:
        if not self.busy:
            self._connections.count(self, len(data))
            if self._deadline is None:
                self._expect_headers()
            self._look_for_the_end_of_headers(data)
        self.protocol.data_received(data)

    @override
    def eof_received(self) -> bool | None:
        return self.protocol.eof_received()

    @override
    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    @override
    def resume_writing(self) -> None:
        self.protocol.resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        self.protocol.connection_lost(exc)
        self._connections.forget(self)

    def begin(self) -> None:
        """Mark the connection as busy: a request has arrived."""
        self.busy = True
        self._connections.note_busy(self)
        self._connections.count(self, -self.unread)
        self._expect_nothing()

    def end(self) -> None:
        """Mark the connection as free again: the request was answered."""
        self.busy = False
        self._connections.note_served(self)

    def drop(self) -> None:
        """Close the connection without an answer."""
        self._connections.forget(self)
        if self._transport:
            self._transport.abort()

    def has_unread_data(self) -> bool:
        """Return whether received bytes wait that this process had no time to read."""
        if self._transport is None or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _look_for_the_end_of_headers(self, data: bytes) -> None:
        read = self._tail + data
        if END_OF_HEADERS in read:
            self._tail = b""
            self.begin()
        else:
            self._tail = read[1 - len(END_OF_HEADERS) :]

    def _expect_headers(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(HEADER_SECONDS, self.drop)

    def _expect_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


class Connections:
    """Accepts connections, at most `limit` at a time; each gets a protocol from `new_protocol`.

    `_silent` holds the connections that have sent no request yet, `_served` those that wait for their next
    one, both with the longest idle first: a look at the first ones finds whom to drop.
    """

    def __init__(
        self,
        limit: int,
        new_protocol: Callable[[], asyncio.Protocol],
        *,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._limit = limit
        self._silence_seconds = silence_seconds
        self._new_protocol = new_protocol
        self._open: dict[asyncio.Protocol, Connection] = {}
        self._silent: dict[Connection, None] = {}
        self._served: dict[Connection, None] = {}
        self._listeners: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._unread = 0
        self._beginning = Tasks()

    async def listen(self, host: str, port: int) -> None:
        """Listen on every address of the host.

        Raises:
            OSError: the port is taken, or the host is not this machine.
            UnicodeError: this is not a host name.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        self._listeners = [bound.dup() for bound in server.sockets]
        server.close()
        for listener in self._listeners:
            listener.setblocking(False)  # noqa: FBT003 - the method has no keyword for it
            listener.listen(BACKLOG)
            self._accepting.append(asyncio.create_task(self._accept(listener)))

    @property
    def addresses(self) -> Sequence[Any]:
        """The addresses that it listens on."""
        return [listener.getsockname() for listener in self._listeners]

    async def close(self) -> None:
        """Accept no more connections. Open ones are left to their protocols."""
        for task in self._accepting:
            task.cancel()
        if self._accepting:
            await asyncio.wait(self._accepting)
        for listener in self._listeners:
            listener.close()
        self._accepting, self._listeners = [], []
        await self._beginning.idle()

    def of(self, protocol: asyncio.Protocol | None) -> Connection | None:
        """Return the open connection behind a protocol of `new_protocol`."""
        return self._open.get(protocol) if protocol else None

    def count(self, connection: Connection, received: int) -> None:
        """Count received bytes that are not yet a request."""
        connection.unread += received
        self._unread += received
        if received > 0 and self._unread > UNREAD_BYTES:
            connection.drop()

    def note_busy(self, connection: Connection) -> None:
        """Keep a connection whose request has arrived."""
        self._silent.pop(connection, None)
        self._served.pop(connection, None)

    def note_served(self, connection: Connection) -> None:
        """Let a connection be dropped, if somebody else needs its place: its request was answered."""
        if connection.protocol in self._open:
            self._served[connection] = None
            self.wake()

    def forget(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._open.pop(connection.protocol, None)
        self.note_busy(connection)
        self.count(connection, -connection.unread)
        self.wake()

    def wake(self) -> None:
        """Wake the accepting loops: there may be a free place now."""
        self._changed.set()

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            for _ in range(AT_ONCE):
                await self._place()
                try:
                    accepted, _ = listener.accept()
                except BlockingIOError:
                    await _readable(listener)
                except ConnectionError:
                    continue  # the client gave up before we accepted
                except OSError as error:
                    _log.error("no connection can be taken", reason=error.strerror)
                    self._drop_idle(HEADER_SECONDS / 2)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    accepted.setblocking(False)  # noqa: FBT003 - the method has no keyword for it
                    connection = Connection(self._new_protocol(), self)
                    self._open[connection.protocol] = connection
                    self._silent[connection] = None
                    self._beginning.spawn(self._begin(connection, accepted))
            await asyncio.sleep(0)

    async def _begin(self, connection: Connection, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, accepted)
        except OSError:
            accepted.close()
            self.forget(connection)

    async def _place(self) -> None:
        """Wait until there is a place for one more connection."""
        while len(self._open) >= self._limit:
            self._changed.clear()
            if self._drop_idle(self._silence_seconds):
                await asyncio.sleep(0)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS):
                    await self._changed.wait()

    def _drop_idle(self, seconds: float) -> bool:
        """Drop the connections that were silent this long, else the one whose last request is oldest."""
        before = asyncio.get_running_loop().time() - seconds
        silent = takewhile(lambda connection: connection.since <= before, self._silent)
        dropped = [connection for connection in silent if not connection.has_unread_data()]
        dropped = dropped or [*islice(self._served, 1)]
        for connection in dropped:
            connection.drop()
        return bool(dropped)


async def _readable(listener: socket.socket) -> None:
    """Wait until somebody connects."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(listener, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(listener)
