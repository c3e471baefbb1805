"""PostgreSQL: several connections, several processes, and perhaps a pooler such as PgBouncer in between.

Writes go past SQLAlchemy to its connections' driver, so what a failure does to a connection is decided here.
A pooler may give each transaction another connection to the server. So nothing that a session keeps is relied
on: locks and limits are those of a transaction, and behind a pooler no statement is prepared by a name.
"""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typing_extensions import override

from bot.environment.database_url import PostgreSqlUrl
from bot.store.database import Database
from bot.store.errors import READ_ONLY, failures, is_of_no_use, is_refusal, sqlstate_of

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
        """A server that only takes reads has written nothing: the address may lead to another one by now."""
        if self._read_only:
            raise InvalidRequestError("it was opened to be read")
        try:
            return len(await self._rows(sql, parameters, in_turn))
        except failures() as error:
            if sqlstate_of(error) != READ_ONLY:
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


class _Connector:
    """Makes the driver's connections, and finds out whether there is a pooler in between."""

    def __init__(self, url: PostgreSqlUrl, *, read_only: bool) -> None:
        self._has_pooler = url.has_pooler
        self._takes_transactions = False
        sessions = url.target_session_attrs
        if sessions is None and len(url.hosts) > 1:
            sessions = "any" if read_only else "read-write"
        self._arguments: dict[str, Any] = {
            "dsn": f"postgresql://?{urlencode(url.files)}" if url.files else None,
            "host": list(url.hosts) or None,
            "port": list(url.ports) if url.hosts else next(iter(url.ports), None),
            "user": url.user,
            "password": url.password,
            "database": url.database,
            "timeout": url.timeout,
            "command_timeout": url.command_timeout,
            "target_session_attrs": sessions,
            "server_settings": dict(url.server_settings) or None,
        }

    async def __call__(self) -> Any:
        driver = await self._connect()
        try:
            if not self._has_pooler and not await _is_the_server(driver):
                self._has_pooler = True
                driver.terminate()
                driver = await self._connect()
            if self._has_pooler and not self._takes_transactions:
                await driver.execute("BEGIN")  # which PgBouncer refuses in its statement mode
                await driver.execute("COMMIT")
                self._takes_transactions = True
        except BaseException:
            driver.terminate()
            raise
        return driver

    async def _connect(self) -> Any:
        import asyncpg  # noqa: PLC0415 - not installed where SQLite is enough

        more = {"statement_cache_size": 0} if self._has_pooler else {}
        return await asyncpg.connect(**self._arguments, **more)


async def _is_the_server(driver: Any) -> bool:
    """Whether it is the server that was greeted: a pooler gives a number of its own for the process."""
    answered: str = await driver.execute(f"SELECT WHERE pg_backend_pid() = {driver.get_server_pid()}")
    return answered == "SELECT 1"


def open_postgresql(url: PostgreSqlUrl, *, read_only: bool) -> PostgreSqlDatabase:
    """An engine whose connections are made when they are needed.

    Reads go by statements without a name, which a pooler takes as well as a server.

    Raises:
        ModuleNotFoundError: the driver is not installed.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        isolation_level="REPEATABLE READ" if read_only else "AUTOCOMMIT",
        execution_options={"postgresql_readonly": True} if read_only else {},
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={
            "async_creator_fn": _Connector(url, read_only=read_only),
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: "",
        },
    )
    return PostgreSqlDatabase(engine, read_only=read_only)


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
