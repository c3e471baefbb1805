"""Lock the SQLite file: a second process would treat the first one's unfinished rows as abandoned."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.environment.database_url import SqliteUrl, WrongDatabaseUrl, read_database_url
from bot.errors import StartupError


@contextmanager
def lock_file(url: str) -> Iterator[None]:
    """Lock the database file against other bots until this process ends, even if it is killed.

    The lock is on a separate file, because SQLite loses its locks when any handle of the database file is
    closed in this process. A PostgreSQL database needs no lock: it may serve several processes.

    Raises:
        StartupError: another process has the database, or the file cannot be locked.
    """
    path = _file_of(url)
    if path is None:
        yield
        return
    try:
        file = path.with_name(f"{path.name}.lock").open("ab")
    except OSError as error:
        raise StartupError(
            f"The database file {path} cannot be opened: {error.strerror}.",
            advice="Check AVATAR_DATABASE_URL.",
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartupError(
                f"Another bot is at work with the database {path}.",
                advice="Stop it first, or give both a PostgreSQL database.",
            ) from None
        except OSError as error:
            raise StartupError(
                f"The database file {path} cannot be locked: {error.strerror}.",
                advice="Put it on a disk of this machine.",
            ) from None
        yield


def _file_of(url: str) -> Path | None:
    """Return the resolved path of the SQLite file; None for PostgreSQL and for a wrong URL.

    A wrong URL is reported when the database is opened.
    """
    try:
        found = read_database_url(url)
    except WrongDatabaseUrl:
        return None
    return found.path.resolve() if isinstance(found, SqliteUrl) else None
