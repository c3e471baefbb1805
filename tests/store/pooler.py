"""A small pooler for a real PostgreSQL: each transaction uses another connection, as with PgBouncer.

It supports only the messages that this needs, see https://www.postgresql.org/docs/current/protocol-message-formats.html.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

SERVERS = 4
REFUSAL = b"SFATAL\0VFATAL\0C08P01\0Mtransaction blocks not allowed in statement pooling mode\0\0"
CONTINUES = b"Q", b"S"
"""The messages of a client to which the server answers with ReadyForQuery."""

Message = tuple[bytes, bytes]


async def read(reader: asyncio.StreamReader) -> Message:
    kind = await reader.readexactly(1)
    (length,) = struct.unpack("!i", await reader.readexactly(4))
    return kind, await reader.readexactly(length - 4)


def written(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


@dataclass
class Server:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: list[Message] = field(default_factory=list)


@dataclass
class Pooler:
    """Accepts connections at `port`. `by_statement` is PgBouncer's statement mode."""

    socket: str
    database: str
    by_statement: bool = False
    port: int = 0
    clients: int = 0
    _free: "asyncio.Queue[Server]" = field(default_factory=asyncio.Queue)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{self.database}"

    async def connect(self) -> Server:
        reader, writer = await asyncio.open_unix_connection(self.socket)
        words = f"user\0postgres\0database\0{self.database}\0\0".encode()
        writer.write(struct.pack("!ii", len(words) + 8, 196608) + words)
        server = Server(reader, writer)
        self._writers.append(writer)
        while (message := await read(reader))[0] != b"Z":
            assert message[0] != b"E", message
            server.greeting.append(message)
        return server

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._greet(reader, writer)
                while await self._carry_out_one(reader, writer):
                    pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _carry_out_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Run one transaction. Return False after the last one."""
        message = await read(reader)
        if message[0] == b"X":
            return False
        server = await self._free.get()
        state = b""
        try:
            while True:
                server.writer.write(written(*message))
                if message[0] == b"H":
                    await self._answer(server, writer, last=(b"T", b"n", b"E"))
                elif message[0] in CONTINUES:
                    state = await self._answer(
                        server, writer, last=(b"Z", b"E") if self.by_statement else (b"Z",)
                    )
                    if state == b"I":
                        return True
                    if state == REFUSAL:
                        return False
                message = await read(reader)
        finally:
            if state != b"I":
                server.writer.close()
                server = await self.connect()
            self._free.put_nowait(server)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length, code) = struct.unpack("!ii", await reader.readexactly(8))
        if code == 80877103:  # the client asks for TLS
            writer.write(b"N")
            (length, code) = struct.unpack("!ii", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        self.clients += 1
        server = await self._free.get()
        for kind, body in server.greeting:
            own = struct.pack("!ii", -self.clients, self.clients)
            writer.write(written(kind, own if kind == b"K" else body))
        self._free.put_nowait(server)
        writer.write(written(b"Z", b"I"))

    async def _answer(self, server: Server, writer: asyncio.StreamWriter, *, last: Sequence[bytes]) -> bytes:
        """Forward the server's messages up to one of a kind, and return its body."""
        while True:
            kind, body = await read(server.reader)
            if self.by_statement and (kind, body) == (b"Z", b"T"):
                kind, body = b"E", REFUSAL
            writer.write(written(kind, body))
            if kind in last:
                return body

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Pooler"]:
        servers = [await self.connect() for _ in range(SERVERS)]
        for server in servers:
            self._free.put_nowait(server)
        async with await asyncio.start_server(self.serve, "127.0.0.1", 0) as listening:
            self.port = listening.sockets[0].getsockname()[1]
            yield self
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await asyncio.gather(*self._tasks)
