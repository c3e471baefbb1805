"""Opening and closing the database that a URL names."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from bot.errors import StartupError
from bot.store.database import Database
from bot.store.failures import failures, reason_in
from bot.store.postgresql import open_postgresql
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
        except KeyError:  # so Python says that the process's user has no name, which the driver would take
            raise StartupError(
                "The database cannot be opened: its URL names no user.",
                advice="Set AVATAR_DATABASE_URL to postgresql+asyncpg://user@host/database.",
            ) from None
        except failures(TypeError, ValueError) as error:  # also for what a URL asks in vain
            raise StartupError(
                f"The database cannot be opened: {reason_in(error)}.", advice="Check AVATAR_DATABASE_URL."
            ) from None
        yield database
    finally:
        await database.dispose()


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
