"""Execute statements on PostgreSQL with the public methods of asyncpg, without SQLAlchemy.

So this module also decides whether a connection is dropped after a failure. A pooler such as PgBouncer may
use another server connection for each transaction, so all locks and limits belong to a transaction, not to a
session.
"""

import time
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.store.database import Database
from bot.store.errors import (
    database_failures,
    failures,
    is_refusal,
    is_server_unusable,
    may_be_repeated,
)

PING_AFTER_SECONDS = 1.0
"""Ping connections idle longer than this. It takes no ping to notice that the server has closed one."""

PING_SECONDS = 1.0
LOCK_SECONDS = 2
"""Time limit for an advisory lock. An ack waits for it, as with `BUSY_MILLISECONDS` on SQLite."""

TRIES = 3
"""How often a write is sent that was certainly not carried out before."""

_LOCKS = 0x6C6F67
"""First half of the numbers of our advisory locks ("log" in ASCII). The second half names what is locked."""

_GENERATION = "generation"


class PostgreSqlDatabase(Database):
    """An engine whose writes are prepared statements of the driver.

    A write is one exchange with the server, and a write with a lock (`in_turn`) is three. A pooler adds one.
    """

    def __init__(self, engine: AsyncEngine, *, read_only: bool) -> None:
        super().__init__(engine.sync_engine)
        self._read_only = read_only
        self._generation = 0
        _guard_connections(self)

    @override
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Send a write again if it was certainly not carried out.

        A read-only server has written nothing, and a failover may have happened. The same goes for a
        transaction that the server has rolled back because of a deadlock.
        """
        with database_failures():
            if self._read_only:
                raise InvalidRequestError("the database was opened read-only")
            for _ in range(TRIES - 1):
                try:
                    return len(await self._rows(sql, parameters, in_turn))
                except failures() as error:
                    if not may_be_repeated(error):
                        raise
            return len(await self._rows(sql, parameters, in_turn))

    @override
    async def read(self, sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Read without a retry: a read-only server is good enough."""
        with database_failures():
            return await self._rows(sql, parameters)

    async def _rows(
        self, sql: str, parameters: Sequence[Any], in_turn: str | None = None
    ) -> Sequence[Sequence[Any]]:
        async with self.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                if in_turn is None:
                    rows: Sequence[Sequence[Any]] = await driver.fetch(sql, *parameters)
                    return rows
                return await _write_in_turn(driver, sql, parameters, in_turn)
            except BaseException as error:  # also after a cancellation the connection cannot be reused
                is_lost = is_server_unusable(error)
                if is_lost and connection.info[_GENERATION] == self._generation:
                    self._generation += 1  # all other connections to this server are replaced too
                if is_lost or not is_refusal(error) or driver.is_in_transaction():
                    await connection.invalidate()
                raise

    def note_generation(self, _connection: object, record: Any) -> None:
        """Note the generation in which a connection was made."""
        record.info[_GENERATION] = self._generation

    def check_generation(self, _connection: object, record: Any, _proxy: object) -> None:
        """Replace a connection of an earlier generation."""
        if record.info[_GENERATION] != self._generation:
            raise DisconnectionError("the server of this connection cannot be used any more")


async def _write_in_turn(
    driver: Any, sql: str, parameters: Sequence[Any], name: str
) -> Sequence[Sequence[Any]]:
    """Take the lock first, then write: a statement sees only what was committed before it began."""
    number = crc32(name.encode("utf-8", "surrogatepass")) - 2**31
    await driver.execute(
        f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '{LOCK_SECONDS}s';"
        f"SELECT pg_advisory_xact_lock({_LOCKS}, {number})"
    )
    rows: Sequence[Sequence[Any]] = await driver.fetch(sql, *parameters)
    await driver.execute("COMMIT")
    return rows


def _guard_connections(database: PostgreSqlDatabase) -> None:
    """Replace connections that the server has closed, or that do not reach it any more."""
    engine = database.sync_engine
    event.listen(engine, "connect", database.note_generation)
    event.listen(engine, "checkout", database.check_generation)

    @event.listens_for(engine, "checkin")
    def note(_connection: object, record: Any) -> None:
        record.info["idle_since"] = time.time()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _proxy: object) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError("closed by the server")
        now = time.time()  # a monotonic clock stops while the machine is suspended
        if now - record.info.get("idle_since", now) > PING_AFTER_SECONDS:
            try:
                connection.run_async(lambda driver: driver.fetchrow(";", timeout=PING_SECONDS))
            except Exception as error:
                raise InvalidatePoolError("the server cannot be reached") from error
