"""Carrying out statements on SQLite past SQLAlchemy: those that come together are carried out together.

So writes share what a commit costs: it is synced to the disk. And all share a turn of aiosqlite's thread,
which has to win the interpreter's lock back from a busy event loop. Alone, a statement goes at once; what
comes while it is under way goes with the next.
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
from bot.store.errors import database_failures

if TYPE_CHECKING:
    from sqlalchemy import QueuePool

BUSY_MILLISECONDS = 2000
"""How long a statement waits for another process's lock; shorter than the 3 s that Slack waits for an ack."""

FINISH_SECONDS = 5.0
"""How long closing waits for what is under way."""

FINISH_POLL_SECONDS = 0.005

T = TypeVar("T")

_Rows = Sequence[Sequence[Any]]


Statement = tuple[str, Sequence[Any]]
"""SQL and its parameters."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """One that is carried out; `then` is another one for the same commit, if the first concerns a row."""

    sql: str
    parameters: Sequence[Any]
    writes: bool
    then: Statement | None = None
    rows: "asyncio.Future[_Rows]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SqliteDatabase(Database):
    """An engine with one connection, whose hot statements go by `write` and `read`."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine.sync_engine)
        self._waiting: list[_Statement] = []
        self._working: asyncio.Task[None] | None = None

    @override
    async def write(self, sql: str, parameters: Sequence[Any], *, in_turn: str | None = None) -> int:
        """Everything goes in turn. Whoever stops waiting does not stop the write.

        Raises:
            sqlite3.Error: it was not carried out.
            SQLAlchemyError: there is no connection to be had.
        """
        return len(await self._carry_out(_Statement(sql, parameters, writes=True)))

    async def write_both(self, first: Statement, then: Statement) -> int:
        """Write two statements in one commit, the second only where the first has concerned a row.

        Returns:
            How many rows the first has concerned.

        Raises:
            sqlite3.Error: neither was carried out.
            SQLAlchemyError: there is no connection to be had.
        """
        return len(await self._carry_out(_Statement(*first, writes=True, then=then)))

    @override
    async def read(self, sql: str, parameters: Sequence[Any]) -> _Rows:
        """In turn with the writes: it sees those that came before it, and fails with none of them.

        Raises:
            sqlite3.Error: it was not carried out.
            SQLAlchemyError: there is no connection to be had.
        """
        return await self._carry_out(_Statement(sql, parameters, writes=False))

    @override
    async def dispose(self, close: bool = True) -> None:
        """Finish what is under way, if it can be finished in time, and close the connection.

        SQLAlchemy closes no connection that somebody still uses, so all users are waited for.
        """
        pool = cast("QueuePool", self.sync_engine.pool)
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while self._working is not None or pool.checkedout():  # noqa: ASYNC110 - a pool has no event
                    await asyncio.sleep(FINISH_POLL_SECONDS)
        await super().dispose(close)

    @override
    async def clear_traces(self) -> None:
        """Empty the `-wal`, where a page stays as it was before until others have taken its place.

        Where somebody reads at this moment it is left for the next time: nobody waits for them.
        """
        with database_failures():
            await self._in_the_thread(_empty_wal)

    async def _carry_out(self, statement: _Statement) -> _Rows:
        self._waiting.append(statement)
        if self._working is None:
            self._working = asyncio.create_task(self._carry_out_all())
        return await statement.rows

    async def _carry_out_all(self) -> None:
        together: Sequence[_Statement] = ()
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                for statement, outcome in zip(together, await self._outcomes(together), strict=True):
                    _tell(statement, outcome)
        finally:
            self._working = None
            for statement in (*together, *self._waiting):  # where this task was cancelled
                _tell(statement, sqlite3.OperationalError("the database is being closed"))
            self._waiting = []

    async def _outcomes(self, together: Sequence[_Statement]) -> Sequence[_Rows | Exception]:
        try:
            return await self._in_the_thread(partial(_carry_out, together=together))
        except ValueError as error:  # aiosqlite's word for a connection that is closed
            return [sqlite3.OperationalError(str(error))] * len(together)
        except Exception as error:  # noqa: BLE001 - each of those who wait is to have it
            return [error] * len(together)

    async def _in_the_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            return await in_the_thread(driver, work)


async def in_the_thread(driver: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do several statements in one turn of aiosqlite's thread; its public methods take one turn for each.

    Of aiosqlite this uses `_execute` and `_conn`, which are not public: here and nowhere else.

    Raises:
        ValueError: the connection is closed.
    """
    do: Callable[[Callable[[], T]], Awaitable[T]] = driver._execute  # noqa: SLF001 - see above
    return await do(lambda: work(driver._conn))  # noqa: SLF001 - see above


def _tell(statement: _Statement, outcome: _Rows | Exception) -> None:
    if statement.rows.done():
        return
    if isinstance(outcome, Exception):
        statement.rows.set_exception(outcome)
    else:
        statement.rows.set_result(outcome)


def _carry_out(connection: sqlite3.Connection, together: Sequence[_Statement]) -> Sequence[_Rows | Exception]:
    """In aiosqlite's thread: what is written, then what is read."""
    try:
        written = iter(_write(connection, [statement for statement in together if statement.writes]))
    except Exception as error:  # noqa: BLE001 - each that writes is to have it
        written = repeat(error)
    return [next(written) if statement.writes else _attempt(connection, statement) for statement in together]


def _write(connection: sqlite3.Connection, together: Sequence[_Statement]) -> Sequence[_Rows | Exception]:
    """A statement that fails leaves the others alone, unless SQLite gives all up."""
    if len(together) <= 1 and not any(statement.then for statement in together):
        return [_attempt(connection, statement) for statement in together]
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes: list[_Rows | Exception] = []
        for statement in together:
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
    except Exception as error:  # noqa: BLE001 - whoever waits for it is to have it
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
