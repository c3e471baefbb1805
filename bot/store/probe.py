"""Check with a write that the database can be written: a full disk fails only writes."""

from datetime import UTC, datetime
from functools import cache
from secrets import token_hex
from typing import Any

from sqlalchemy import Dialect, func, literal, select

from bot.store.database import Database
from bot.store.statements import execute, insert_into, placeholder
from bot.store.tables import invocations, leases

NAME = "probe"
"""The row in `leases` that is written. It changes each time, because equal values would not be written."""

BYTES = 48_000
"""More than a start writes on SQLite, so a disk that is too full for a start is too full for this.
PostgreSQL compresses it to less than 1 kB."""


async def probe(database: Database) -> None:
    """Write the row of the probe.

    Raises:
        DatabaseUnavailable: the database cannot be written, or it has no invocation log.
    """
    at, filler = datetime.now(UTC), token_hex(1)[0] * BYTES
    await execute(database, _statement(database.dialect), {"filler": filler, "at": at})


@cache
def _statement(dialect: Dialect) -> Any:
    """Return the statement. It reads the invocation log too, so it fails if that table is missing."""
    newest = select(invocations.c.id).limit(1).subquery()
    log = select(func.count().label("rows")).select_from(newest).subquery()
    filler: Any = placeholder("filler")
    at: Any = placeholder("at", leases.c.until.type)
    row = select(literal(NAME), filler, at).select_from(log).where(log.c.rows >= 0)
    statement = insert_into(leases, dialect).from_select(["name", "holder", "until"], row)
    new = {"holder": statement.excluded.holder, "until": statement.excluded.until}
    return statement.on_conflict_do_update(index_elements=["name"], set_=new)
