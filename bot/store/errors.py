"""What the databases raise, of their drivers' and of SQLAlchemy's, and what it means."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLError

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.errors import DatabaseUnavailable
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

READ_ONLY = "25006"
_ROLLED_BACK = "40"
"""The beginning of the codes for a deadlock, and for what cannot be serialized."""

_POOLER_REFUSES = re.compile(
    r"password|auth|no such (user|database)|statement pooling|startup parameter", re.IGNORECASE
)
"""PgBouncer has one code for all that it has to say for itself."""


@contextmanager
def database_failures() -> Iterator[None]:
    """Turn every failure of the database into one error of ours.

    Raises:
        DatabaseUnavailable: the statement was not carried out, or it is not known whether it was.
    """
    try:
        yield
    except failures() as error:
        raise DatabaseUnavailable(
            reason(Code.DATABASE_FAILED, why=reason_in(error)),
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


def may_be_repeated(error: BaseException) -> bool:
    """Whether a write was certainly not carried out, and may well be at the next try."""
    state = sqlstate_of(error)
    return state == READ_ONLY or state.startswith(_ROLLED_BACK)


def is_of_no_use(error: BaseException) -> bool:
    """Whether the server takes no writes, or is about to end: another one may be in its place by now."""
    state = sqlstate_of(error)
    return state == READ_ONLY or state.startswith(("57P", "08"))


def may_pass(error: BaseException) -> bool:
    """Whether the database cannot be reached at the moment; otherwise it is reached, and refuses."""
    original = _original(error)
    state = sqlstate_of(error)
    if state:
        return state[:2] in {"08", "53", "57", _ROLLED_BACK} and not _POOLER_REFUSES.search(str(original))
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    if type(original).__name__ == "TargetServerAttributeNotMatched":  # of several hosts none takes writes
        return True
    return isinstance(original, OSError) and not (
        isinstance(original, PermissionError | SSLError) or "SSL" in str(original)
    )


def sqlstate_of(error: BaseException) -> str:
    """PostgreSQL's code for what went wrong; empty where it is not the server that says so."""
    return getattr(_original(error), "sqlstate", None) or ""


def reason_in(error: BaseException) -> str:
    """Why, in the database's words, on one line and without a full stop."""
    original = _original(error)
    lines = str(original).strip().splitlines()
    if not lines:
        return "no answer came in time" if isinstance(original, TimeoutError) else type(original).__name__
    # SQLAlchemy's adapter for asyncpg writes `<class 'asyncpg.…'>: message`.
    return lines[0].rpartition(">: ")[2].rstrip(".")


def _original(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error
