"""The errors of SQLAlchemy and of the database drivers, and what they mean."""

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
"""PgBouncer uses one error code for all its own errors, so the text decides."""


@contextmanager
def database_failures() -> Iterator[None]:
    """Turn every failure of the database into DatabaseUnavailable.

    Raises:
        DatabaseUnavailable: the statement was not executed, or its outcome is unknown.
    """
    try:
        yield
    except failures() as error:
        raise unavailable(error) from None


def unavailable(error: BaseException) -> DatabaseUnavailable:
    """The error of ours for a failure of the database."""
    return DatabaseUnavailable(reason(Code.DATABASE_FAILED, why=reason_in(error)), refused=is_refusal(error))


def failures(*others: type[Exception]) -> tuple[type[BaseException], ...]:
    """Return the exception classes of SQLAlchemy and of the drivers, and `others`."""
    asyncpg = sys.modules.get("asyncpg")
    drivers: tuple[type[BaseException], ...] = ()
    if asyncpg:  # InternalClientError: the server was just closing the connection
        drivers = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    return (SQLAlchemyError, OSError, sqlite3.Error, *drivers, *others)


def is_refusal(error: BaseException) -> bool:
    """Return True if the database itself refused: no connection was lost, and no disk failed."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_IOERR
    if isinstance(error, DBAPIError):
        return not error.connection_invalidated
    return getattr(error, "severity_en", None) == "ERROR"  # asyncpg's field; FATAL ends the connection


def may_be_repeated(error: BaseException) -> bool:
    """Return True if a write was certainly not carried out and may succeed when it is sent again."""
    state = sqlstate_of(error)
    return state == READ_ONLY or state.startswith(_ROLLED_BACK)


def is_server_unusable(error: BaseException) -> bool:
    """Return True if the server refuses writes or shuts down: another server may replace it (failover)."""
    state = sqlstate_of(error)
    return state == READ_ONLY or state.startswith(("57P", "08"))


def may_pass(error: BaseException) -> bool:
    """Return True if the database cannot be reached at the moment; False if it was reached and refused."""
    original = _original(error)
    state = sqlstate_of(error)
    if state:
        return state[:2] in {"08", "53", "57", _ROLLED_BACK} and not _POOLER_REFUSES.search(str(original))
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    if type(original).__name__ == "TargetServerAttributeNotMatched":  # none of the hosts accepts writes
        return True
    return isinstance(original, OSError) and not (
        isinstance(original, PermissionError | SSLError) or "SSL" in str(original)
    )


def sqlstate_of(error: BaseException) -> str:
    """Return PostgreSQL's error code (SQLSTATE); empty if the error is not from the server."""
    return getattr(_original(error), "sqlstate", None) or ""


def reason_in(error: BaseException) -> str:
    """Return the database's own text for an error, on one line and without a full stop."""
    original = _original(error)
    lines = str(original).strip().splitlines()
    if not lines:
        return "no answer came in time" if isinstance(original, TimeoutError) else type(original).__name__
    # SQLAlchemy's adapter for asyncpg writes `<class 'asyncpg.…'>: message`.
    return lines[0].rpartition(">: ")[2].rstrip(".")


def _original(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error
