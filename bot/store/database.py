"""Opening and closing the database, and the one place that says what its failures mean."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from bot.errors import LogUnavailable, StartupError
from bot.store.engine import Database
from bot.store.postgresql import is_refusal, open_postgresql
from bot.store.sqlite import open_sqlite

OPEN_SECONDS = 10.0


@asynccontextmanager
async def open_database(url: str, *, must_exist: bool = False) -> AsyncIterator[Database]:
    """A database whose every statement commits by itself; closed on every path.

    Args:
        url: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`.
        must_exist: do not make a new SQLite file.

    Raises:
        StartupError: saying why it cannot be opened. Never with the URL, which may hold a password.
    """
    database = _database(url, must_exist=must_exist)
    try:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await _reach(database)
        except _failures(TypeError, ValueError) as error:  # also for what a URL asks in vain
            raise StartupError(
                f"The database cannot be opened: {_reason(error)}.", advice="Check AVATAR_DATABASE_URL."
            ) from None
        yield database
    finally:
        await database.dispose()


@contextmanager
def log_failures() -> Iterator[None]:
    """Turn every failure of the database into one error of ours.

    Raises:
        LogUnavailable: the statement was not carried out, or it is not known whether it was.
    """
    try:
        yield
    except _failures() as error:
        raise LogUnavailable(
            f"The log cannot be used: {_reason(error)}.",
            advice="Try again in a moment; if it stays so, tell whoever runs the bot.",
            refused=_is_refusal(error),
        ) from None


async def _reach(database: Database) -> None:
    """Connect for the first time. While a process switches a new SQLite file to WAL, no other one waits."""
    while True:
        try:
            async with database.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except OperationalError as error:
            if "database is locked" not in str(error):
                raise
            await asyncio.sleep(0.05)
        else:
            return


def _database(url: str, *, must_exist: bool) -> Database:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return open_sqlite(parsed, must_exist=must_exist)
        return open_postgresql(parsed)
    except (ArgumentError, ValueError):
        raise StartupError(
            "AVATAR_DATABASE_URL is not a database URL.",
            advice="Give sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://user@host/database.",
        ) from None
    except ModuleNotFoundError as error:
        raise StartupError(
            f"The module {error.name} is missing.",
            advice="Install it into the bot's environment.",
        ) from None


def _failures(*others: type[Exception]) -> tuple[type[BaseException], ...]:
    """What the drivers raise, and `others`. asyncpg's own errors come through unwrapped while connecting."""
    asyncpg = sys.modules.get("asyncpg")
    drivers = (
        # The last: a statement on a connection that the server is just closing.
        (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) if asyncpg else ()
    )
    return (SQLAlchemyError, OSError, sqlite3.Error, *drivers, *others)


def _is_refusal(error: BaseException) -> bool:
    """Whether the database itself has said no: no connection was lost, and no disk failed in a commit."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_IOERR
    return is_refusal(error) or (isinstance(error, DBAPIError) and not error.connection_invalidated)


def _reason(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    # SQLAlchemy's adapter for asyncpg writes `<class 'asyncpg.…'>: message`.
    return lines[0].rpartition(">: ")[2].rstrip(".") if lines else type(original).__name__
