"""Execute statements on SQLite in batches, without SQLAlchemy.

A statement is executed at once if none is running. Statements that arrive meanwhile form the next batch. The
writes of a batch share one commit, so the disk is synced once. All statements of a batch share one call into
aiosqlite's thread, which has to get the interpreter's lock (GIL) from a busy event loop.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeVar, cast

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.store.database import Database
from bot.store.errors import database_failures, failures, unavailable
from bot.store.sqlite_space import Space, shrink_a_little, space_in, write_anew

if TYPE_CHECKING:
    from sqlalchemy import QueuePool

BUSY_MILLISECONDS = 2000
"""Time limit for another process's lock. It is shorter than the 3 s that Slack waits for an ack."""

FINISH_SECONDS = 5.0
"""Time limit for closing: everything that uses the connection is waited for this long."""

FINISH_POLL_SECONDS = 0.005

T = TypeVar("T")

_Rows = Sequence[Sequence[Any]]


Statement = tuple[str, Sequence[Any]]
"""SQL and its parameters."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement to execute. `then` is executed in the same commit, if the first one has written a row."""

    sql: str
    parameters: Sequence[Any]
    writes: bool
    then: Statement | None = None
    rows: "asyncio.Future[_Rows]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SqliteDatabase(Database):
    """An engine with one connection. `write` and `read` are for the statements that acks wait for."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine.sync_engine)
        self._waiting: list[_Statement] = []
        self._working: asyncio.Task[None] | None = None

    @override
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Write with the next batch. `in_turn` changes nothing: all writes run one after the other.

        If the caller is cancelled, the write goes on.
        """
        return len(await self._enqueue(_Statement(sql, parameters, writes=True)))

    async def write_both(self, first: Statement, then: Statement) -> int:
        """Write two statements in one commit, the second only if the first has written a row.

        Returns:
            The number of rows that the first has written.

        Raises:
            DatabaseUnavailable: neither statement was executed.
        """
        return len(await self._enqueue(_Statement(*first, writes=True, then=then)))

    @override
    async def read(self, sql: str, parameters: Sequence[Any]) -> _Rows:
        """Read with the next batch, after its writes. A failed write does not fail the read."""
        return await self._enqueue(_Statement(sql, parameters, writes=False))

    @override
    async def dispose(self, close: bool = True) -> None:
        """Wait until nothing uses the connection, at most FINISH_SECONDS, and close it.

        SQLAlchemy does not close a connection that is still in use.
        """
        pool = cast("QueuePool", self.sync_engine.pool)
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while self._working is not None or pool.checkedout():  # noqa: ASYNC110 - a pool has no event
                    await asyncio.sleep(FINISH_POLL_SECONDS)
        await super().dispose(close)

    @override
    async def clear_traces(self) -> None:
        """Empty the `-wal` file: it keeps old versions of pages until they are overwritten.

        If somebody is reading at this moment, do not wait for them: the next call empties it.
        """
        with database_failures():
            await self._run_in_thread(_empty_wal)

    @override
    async def write_back(self) -> None:
        """Copy pages from the `-wal` to the database file, those that no reader needs."""
        await self.read("PRAGMA wal_checkpoint(PASSIVE)", ())

    @override
    async def shrink(self) -> bool:
        with database_failures():
            return await self._run_in_thread(shrink_a_little)

    async def space(self) -> Space:
        """Return the size of the file, and how much of it is free."""
        with database_failures():
            return await self._run_in_thread(space_in)

    async def write_anew(self) -> None:
        """Write the whole file anew, without free space. Nobody else may use it meanwhile."""
        with database_failures():
            await self._run_in_thread(write_anew)

    async def _enqueue(self, statement: _Statement) -> _Rows:
        self._waiting.append(statement)
        if self._working is None:
            self._working = asyncio.create_task(self._run_batches())
        return await statement.rows

    async def _run_batches(self) -> None:
        batch: Sequence[_Statement] = ()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                for statement, outcome in zip(batch, await self._outcomes(batch), strict=True):
                    _resolve(statement, outcome)
        finally:
            self._working = None
            for statement in (*batch, *self._waiting):  # these are left if this task was cancelled
                _resolve(statement, sqlite3.OperationalError("the database is being closed"))
            self._waiting = []

    async def _outcomes(self, batch: Sequence[_Statement]) -> Sequence[_Rows | Exception]:
        try:
            return await self._run_in_thread(partial(_execute_batch, batch=batch))
        except ValueError as error:  # aiosqlite raises it if the connection is closed
            return [sqlite3.OperationalError(str(error))] * len(batch)
        except Exception as error:  # noqa: BLE001 - each waiting caller gets it
            return [error] * len(batch)

    async def _run_in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Use the pool's connection as it is: SQLAlchemy's own around it costs more than the statement."""
        connection = await self.raw_connection()
        try:
            driver: Any = connection.driver_connection
            return await run_in_thread(driver, work)
        finally:
            connection.close()


async def run_in_thread(driver: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Execute several statements in one call into aiosqlite's thread: its public methods need one for each.

    This uses aiosqlite's private `_execute` and `_conn`. No other code does.

    Raises:
        ValueError: the connection is closed.
    """
    do: Callable[[Callable[[], T]], Awaitable[T]] = driver._execute  # noqa: SLF001 - see above
    return await do(lambda: work(driver._conn))  # noqa: SLF001 - see above


def _resolve(statement: _Statement, outcome: _Rows | Exception) -> None:
    if statement.rows.done():
        return
    if isinstance(outcome, Exception):
        is_the_databases = isinstance(outcome, failures())
        statement.rows.set_exception(unavailable(outcome) if is_the_databases else outcome)
    else:
        statement.rows.set_result(outcome)


def _execute_batch(
    connection: sqlite3.Connection, batch: Sequence[_Statement]
) -> Sequence[_Rows | Exception]:
    """Execute a batch in aiosqlite's thread: first its writes, then its reads."""
    try:
        written = iter(_write(connection, [statement for statement in batch if statement.writes]))
    except Exception as error:  # noqa: BLE001 - each write gets it
        written = repeat(error)
    return [next(written) if statement.writes else _attempt(connection, statement) for statement in batch]


def _write(connection: sqlite3.Connection, batch: Sequence[_Statement]) -> Sequence[_Rows | Exception]:
    """Write statements in one commit. A failed one does not fail the others, unless SQLite rolls all back."""
    if len(batch) <= 1 and not any(statement.then for statement in batch):
        return [_attempt(connection, statement) for statement in batch]
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes: list[_Rows | Exception] = []
        for statement in batch:
            try:
                outcomes.append(_rows_of(connection, statement))
            except Exception as error:
                if not connection.in_transaction:
                    raise
                outcomes.append(error)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _empty_wal(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")


def _attempt(connection: sqlite3.Connection, statement: _Statement) -> _Rows | Exception:
    try:
        return _rows_of(connection, statement)
    except Exception as error:  # noqa: BLE001 - the waiting caller gets it
        return error


def _rows_of(connection: sqlite3.Connection, statement: _Statement) -> _Rows:
    if statement.then is None:
        return connection.execute(statement.sql, statement.parameters).fetchall()
    connection.execute("SAVEPOINT both")
    try:
        rows = connection.execute(statement.sql, statement.parameters).fetchall()
        if rows:
            connection.execute(*statement.then).fetchall()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO both")
            connection.execute("RELEASE both")
        raise
    connection.execute("RELEASE both")
    return rows
