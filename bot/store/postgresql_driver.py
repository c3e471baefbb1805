"""Carrying out statements on PostgreSQL past SQLAlchemy, by the public methods of its connections' driver.

So what a failure does to a connection is decided here. A pooler such as PgBouncer may give each transaction
another connection to the server: nothing that a session keeps is relied on, and locks and limits are those of
a transaction.
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
from bot.store.errors import failures, is_of_no_use, is_refusal, may_be_repeated

PING_AFTER_SECONDS = 1.0
"""Ping connections idle longer than this. A connection that the server has closed shows without a ping."""

PING_SECONDS = 1.0
LOCK_SECONDS = 2
"""Seconds to wait for an advisory lock. An ack waits behind it, as with `BUSY_MILLISECONDS` on SQLite."""

TRIES = 3
"""How often a write is sent that was certainly not carried out before."""

_LOCKS = 0x6C6F67
"""The first half of the numbers of our advisory locks ("log" in ASCII); the second names what is locked."""

_GENERATION = "generation"


class PostgreSqlDatabase(Database):
    """An engine whose writes are prepared statements of the driver.

    A write is one exchange with the server, one that takes turns is three; behind a pooler one more.
    """

    def __init__(self, engine: AsyncEngine, *, read_only: bool) -> None:
        super().__init__(engine.sync_engine)
        self._read_only = read_only
        self._generation = 0
        _guard_connections(self)

    @override
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Try again what was certainly not carried out.

        A server that only takes reads has written nothing: the address may lead to another one by now. Nor
        has a transaction that stood in the way of another one, as in a deadlock.
        """
        if self._read_only:
            raise InvalidRequestError("it was opened to be read")
        for _ in range(TRIES - 1):
            try:
                return len(await self._rows(sql, parameters, in_turn))
            except failures() as error:
                if not may_be_repeated(error):
                    raise
        return len(await self._rows(sql, parameters, in_turn))

    @override
    async def read(self, sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """A server that only takes reads is good enough."""
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
            except BaseException as error:  # what was cut short ends with its connection
                is_lost = is_of_no_use(error)
                if is_lost and connection.info[_GENERATION] == self._generation:
                    self._generation += 1  # so that all others that lead there are made anew
                if is_lost or not is_refusal(error) or driver.is_in_transaction():
                    await connection.invalidate()
                raise

    def note_generation(self, _connection: object, record: Any) -> None:
        """Which connections were made before the server turned out to be of no use."""
        record.info[_GENERATION] = self._generation

    def check_generation(self, _connection: object, record: Any, _proxy: object) -> None:
        """Make it anew where it was."""
        if record.info[_GENERATION] != self._generation:
            raise DisconnectionError("it leads to a server that is of no use any more")


async def _write_in_turn(
    driver: Any, sql: str, parameters: Sequence[Any], name: str
) -> Sequence[Sequence[Any]]:
    """A statement sees what was committed when it began, so the lock has to be had before it."""
    number = crc32(name.encode("utf-8", "surrogatepass")) - 2**31
    await driver.execute(
        f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '{LOCK_SECONDS}s';"
        f"SELECT pg_advisory_xact_lock({_LOCKS}, {number})"
    )
    rows: Sequence[Sequence[Any]] = await driver.fetch(sql, *parameters)
    await driver.execute("COMMIT")
    return rows


def _guard_connections(database: PostgreSqlDatabase) -> None:
    """Make connections anew where the server has cut them, or cannot be reached through them any more."""
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
        now = time.time()  # a monotonic clock stands still while the machine is suspended
        if now - record.info.get("idle_since", now) > PING_AFTER_SECONDS:
            try:
                connection.run_async(lambda driver: driver.fetchrow(";", timeout=PING_SECONDS))
            except Exception as error:
                raise InvalidatePoolError("the server cannot be reached") from error
