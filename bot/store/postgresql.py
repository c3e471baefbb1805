"""PostgreSQL: several connections, several processes.

Writes go past SQLAlchemy to its connections' driver, so what a failure does to a connection is decided here.
"""

import time
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typing_extensions import override

from bot.store.database import Database
from bot.store.failures import is_refusal

CONNECTIONS = 10
"""Of one process; writes that come while all are busy wait for one."""

PING_AFTER_SECONDS = 1.0
"""A connection that was idle for longer is asked whether it still is one. What the server has closed shows
without that."""

PING_SECONDS = 1.0
LOCK_SECONDS = 2
"""How long a turn is waited for; an ack waits behind it, as with `BUSY_MILLISECONDS` on SQLite."""

_LOCKS = 0x6C6F67
"""The first half of the numbers of our advisory locks ("log" in ASCII); the second is what is waited for."""


class PostgreSqlDatabase(Database):
    """An engine whose writes are prepared statements of the driver.

    A write is one exchange with the server, one that takes turns is three.
    """

    @override
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        async with self.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                if in_turn is None:
                    return len(await driver.fetch(sql, *parameters))
                return await _write_in_turn(driver, sql, parameters, in_turn)
            except BaseException as error:  # what was cut short ends with its connection
                if not is_refusal(error) or driver.is_in_transaction():
                    await connection.invalidate()
                raise


def open_postgresql(url: URL) -> PostgreSqlDatabase:
    """An engine whose connections are made when they are needed.

    Raises:
        ModuleNotFoundError: the driver is not installed.
    """
    engine = create_async_engine(
        url,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={"timeout": 5, "command_timeout": 10},
    )
    _guard_connections(engine)
    return PostgreSqlDatabase(engine.sync_engine)


async def _write_in_turn(driver: Any, sql: str, parameters: Sequence[Any], name: str) -> int:
    """A statement sees what was committed when it began, so the lock has to be had before it."""
    number = crc32(name.encode("utf-8", "surrogatepass")) - 2**31
    await driver.execute(
        f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '{LOCK_SECONDS}s';"
        f"SELECT pg_advisory_xact_lock({_LOCKS}, {number})"
    )
    rows = await driver.fetch(sql, *parameters)
    await driver.execute("COMMIT")
    return len(rows)


def _guard_connections(engine: AsyncEngine) -> None:
    """Make connections anew where the server has cut them, or cannot be reached through them any more."""

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: object, record: Any) -> None:
        record.info["idle_since"] = time.time()

    @event.listens_for(engine.sync_engine, "checkout")
    def check(connection: Any, record: Any, _proxy: object) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError("closed by the server")
        now = time.time()  # a monotonic clock stands still while the machine is suspended
        if now - record.info.get("idle_since", now) > PING_AFTER_SECONDS:
            try:
                connection.run_async(lambda driver: driver.fetchrow(";", timeout=PING_SECONDS))
            except Exception as error:
                raise InvalidatePoolError("the server cannot be reached") from error
