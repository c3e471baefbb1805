"""What the databases raise, of their drivers' and of SQLAlchemy's, and what it means."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.errors import LogUnavailable


@contextmanager
def log_failures() -> Iterator[None]:
    """Turn every failure of the database into one error of ours.

    Raises:
        LogUnavailable: the statement was not carried out, or it is not known whether it was.
    """
    try:
        yield
    except failures() as error:
        raise LogUnavailable(
            f"The log cannot be used: {reason_in(error)}.",
            advice="Try again in a moment; if it stays so, tell whoever runs the bot.",
            refused=is_refusal(error),
        ) from None


def failures(*others: type[Exception]) -> tuple[type[BaseException], ...]:
    """What the drivers and SQLAlchemy raise, and `others`."""
    asyncpg = sys.modules.get("asyncpg")
    drivers: tuple[type[BaseException], ...] = ()
    if asyncpg:  # the last: what was asked on a connection that the server was just closing
        drivers = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    return (SQLAlchemyError, OSError, sqlite3.Error, *drivers, *others)


def is_refusal(error: BaseException) -> bool:
    """Whether the database itself has said no: no connection was lost, and no disk failed in a commit."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_IOERR
    if isinstance(error, DBAPIError):
        return not error.connection_invalidated
    return getattr(error, "severity_en", None) == "ERROR"  # of asyncpg's own; FATAL ends a connection


def is_unreachable(error: BaseException) -> bool:
    """Whether nobody has answered, or only to say that it is too early or too much."""
    original = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else None
    state = str(getattr(original or error, "sqlstate", None) or "")
    if state:  # 08: connection (not its P01: protocol); 53: resources; 57P: going down or coming up
        return state.startswith(("08", "53", "57P")) and state != "08P01"
    return isinstance(original or error, OSError)


def reason_in(error: BaseException) -> str:
    """Why, in the database's words, on one line and without a full stop."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    # SQLAlchemy's adapter for asyncpg writes `<class 'asyncpg.…'>: message`.
    return lines[0].rpartition(">: ")[2].rstrip(".") if lines else type(original).__name__
