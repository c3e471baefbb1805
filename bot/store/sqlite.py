"""Open an SQLite file with one connection: SQLite allows only one writer anyway."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StartupError
from bot.store.sqlite_driver import BUSY_MILLISECONDS, SqliteDatabase
from bot.store.sqlite_files import guard_files
from bot.store.sqlite_space import SHRINKS_BY_PAGES

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
)

_OF_NEW_FILES = (SHRINKS_BY_PAGES,)
"""SQLite takes this only until WAL is set: that makes the file."""


def open_sqlite(path: Path) -> SqliteDatabase:
    """Return an engine with one connection, so that writes queue here instead of polling SQLite's lock.

    With `secure_delete` a cleared response_url does not stay in the file's free space.

    Raises:
        StartupError: the file cannot be created or opened.
    """
    _prepare_file(path)
    engine = engine_for(path, {"mode": "rw"})  # a reconnect must not create a new, empty file

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        is_new = cursor.fetchone() == (0,)
        for pragma in (*_OF_NEW_FILES, *_PRAGMAS) if is_new else _PRAGMAS:
            cursor.execute(pragma)
        cursor.execute("SELECT count(*) FROM sqlite_master")  # makes SQLite create its own files
        cursor.close()

    guard_files(engine, path)
    return SqliteDatabase(engine)


def engine_for(path: Path, how: Mapping[str, str]) -> AsyncEngine:
    """Return an engine with one connection to a file; `how` holds SQLite's URI parameters."""
    return create_async_engine(
        URL.create("sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={**how, "uri": "true"}),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        poolclass=AsyncAdaptedQueuePool,
        pool_reset_on_return=None,
        pool_size=1,
        max_overflow=0,
    )


def _prepare_file(path: Path) -> None:
    """Create the file if it is missing, readable only by its owner: it holds what people typed."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StartupError(
            f"The database file {path} cannot be opened: {error.strerror}.",
            advice="Check AVATAR_DATABASE_URL.",
        ) from None
