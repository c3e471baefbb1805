"""Opening and closing the database, and the one place that says what its failures mean."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import AsyncAdaptedQueuePool, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import LogUnavailable, StartupError
from bot.store.writes import SqliteEngine

BUSY_MILLISECONDS = 2000
"""How long a statement waits for another process's lock; shorter than the 3 s that Slack waits for an ack."""

OPEN_SECONDS = 10.0

Database = AsyncEngine
"""An open database, for those who only hand it on."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
)


@asynccontextmanager
async def open_database(url: str, *, must_exist: bool = False) -> AsyncIterator[AsyncEngine]:
    """An engine whose every statement commits by itself; closed on every path.

    SQLite gets one connection: it has one writer anyway, and waiting in order beats polling for a lock.
    `secure_delete` keeps a cleared response_url from staying in the file's free space.

    Args:
        url: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`.
        must_exist: do not make a new SQLite file.

    Raises:
        StartupError: saying why it cannot be opened. Never with the URL, which may hold a password.
    """
    engine = _engine(url, must_exist=must_exist)
    try:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await _reach(engine)
        except _failures(TypeError, ValueError) as error:  # also for what a URL asks in vain
            raise StartupError(
                f"The database cannot be opened: {_reason(error)}.", advice="Check AVATAR_DATABASE_URL."
            ) from None
        yield engine
    finally:
        await engine.dispose()


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


async def _reach(engine: AsyncEngine) -> None:
    """Connect for the first time. While a process switches a new SQLite file to WAL, no other one waits."""
    while True:
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except OperationalError as error:
            if "database is locked" not in str(error):
                raise
            await asyncio.sleep(0.05)
        else:
            return


def _engine(url: str, *, must_exist: bool) -> AsyncEngine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, must_exist=must_exist)
        return create_async_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            connect_args={"timeout": 5, "command_timeout": 10},
        )
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


def _sqlite(url: URL, *, must_exist: bool) -> SqliteEngine:
    path = Path(url.database or "")
    _prepare_file(path, must_exist=must_exist)
    engine = create_async_engine(
        # `rw`: a connection that is made anew must not make a new, empty file.
        url.set(database=f"file:{quote(str(path))}").update_query_dict({"mode": "rw", "uri": "true"}),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        poolclass=AsyncAdaptedQueuePool,
        pool_reset_on_return=None,
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    _guard_file(engine, path)
    return SqliteEngine(engine)


def _guard_file(engine: AsyncEngine, path: Path) -> None:
    """Refuse a file that was removed or replaced: the open one would swallow the log unseen."""
    opened = path.stat()

    @event.listens_for(engine.sync_engine, "checkout")
    def check(_connection: object, _record: object, _proxy: object) -> None:
        try:
            same = os.path.samestat(opened, path.stat())
        except OSError:
            same = False
        if not same:
            raise sqlite3.OperationalError("its file was removed or replaced; start the bot anew")


def _prepare_file(path: Path, *, must_exist: bool) -> None:
    """A new file is its owner's alone: it holds what people typed."""
    if must_exist and not path.exists():
        raise StartupError(
            f"There is no log yet at {path}.",
            advice="Run this in the bot's folder, or set AVATAR_DATABASE_URL.",
        )
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StartupError(
            f"The database file {path} cannot be opened: {error.strerror}.",
            advice="Check AVATAR_DATABASE_URL.",
        ) from None


def _failures(*others: type[Exception]) -> tuple[type[BaseException], ...]:
    """What the drivers raise, and `others`. asyncpg's own errors come through unwrapped while connecting."""
    asyncpg = sys.modules.get("asyncpg")
    drivers = (asyncpg.PostgresError, asyncpg.InterfaceError) if asyncpg else ()
    return (SQLAlchemyError, OSError, sqlite3.Error, *drivers, *others)


def _is_refusal(error: BaseException) -> bool:
    """Whether the database itself has said no: no connection was lost, and no disk failed in a commit."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_IOERR
    return isinstance(error, DBAPIError) and not error.connection_invalidated


def _reason(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    # SQLAlchemy's adapter for asyncpg writes `<class 'asyncpg.…'>: message`.
    return lines[0].rpartition(">: ")[2].rstrip(".") if lines else type(original).__name__
