"""Open and close the database that a URL names."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.environment.database_url import SqliteUrl, WrongDatabaseUrl, read_database_url
from bot.errors import StartupError, Unreachable
from bot.store.database import Database
from bot.store.errors import failures, may_pass, reason_in
from bot.store.postgresql import open_postgresql
from bot.store.sqlite import open_sqlite
from bot.store.sqlite_reading import open_to_read

OPEN_SECONDS = 10.0


@asynccontextmanager
async def open_database(url: str, *, read_only: bool = False) -> AsyncIterator[Database]:
    """Open a database in which every statement commits by itself, and close it at the end in all cases.

    Args:
        url: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`.
        read_only: write nothing, and make no file.

    Raises:
        Unreachable: the database cannot be reached at the moment.
        StartupError: the database cannot be opened. The error says why, without the URL, which may hold a
            password.
    """
    with _database(url, read_only=read_only) as database:
        try:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    await _reach(database)
            except (
                KeyError
            ):  # the URL names no user, and the process's user, which asyncpg would use, has no name
                raise StartupError(
                    "The database cannot be opened: its URL names no user.",
                    advice="Set AVATAR_DATABASE_URL to postgresql+asyncpg://user@host/database.",
                ) from None
            except failures(TypeError, ValueError) as error:  # these two: the driver refuses an option
                raise _failure(error) from None
            yield database
        finally:
            await database.dispose()


async def _reach(database: Database) -> None:
    """Connect for the first time. Retry while another process switches a new SQLite file to WAL."""
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


def _failure(error: BaseException) -> StartupError:
    reason = reason_in(error)
    kind = Unreachable if may_pass(error) else StartupError
    advice = "Check AVATAR_DATABASE_URL."
    if "statement pooling" in reason:
        advice = "Set the pooler's pool_mode for this database to transaction or session."
    return kind(f"The database cannot be opened: {reason}.", advice=advice)


@contextmanager
def _database(url: str, *, read_only: bool) -> Iterator[Database]:
    try:
        found = read_database_url(url)
    except WrongDatabaseUrl as error:
        raise StartupError(f"AVATAR_DATABASE_URL cannot be used: {error}.") from None
    if isinstance(found, SqliteUrl):
        if not read_only:
            yield open_sqlite(found.path)
            return
        with open_to_read(found.path) as database:
            yield database
        return
    try:
        server = open_postgresql(found, read_only=read_only)
    except ModuleNotFoundError as error:
        raise StartupError(
            f"The module {error.name} is missing.",
            advice="Install it into the bot's environment.",
        ) from None
    yield server
