"""Check by writing that the database can be written: a full disk shows only where something is written."""

from datetime import UTC, datetime
from functools import cache
from secrets import token_hex
from typing import Any

from sqlalchemy import Dialect, bindparam, func, literal, select

from bot.store.database import Database
from bot.store.statements import execute, insert_into
from bot.store.tables import invocations, leases

NAME = "probe"
"""The row in `leases` that is written, each time with something else: what is the same is not written."""

BYTES = 48_000
"""More than a start writes on SQLite: where a full disk has no room for a start, there is none for this.
PostgreSQL packs it into less than 1 kB."""


async def probe(database: Database) -> None:
    """Write.

    Raises:
        DatabaseUnavailable: it cannot be written, or the log is not there.
    """
    at, filler = datetime.now(UTC), token_hex(1)[0] * BYTES
    await execute(database, _statement(database.dialect), {"filler": filler, "at": at})


@cache
def _statement(dialect: Dialect) -> Any:
    """It looks at the log, too: where its table is missing, nothing is written."""
    newest = select(invocations.c.id).limit(1).subquery()
    log = select(func.count().label("rows")).select_from(newest).subquery()
    filler: Any = bindparam("filler", required=False)
    at: Any = bindparam("at", required=False, type_=leases.c.until.type)
    row = select(literal(NAME), filler, at).select_from(log).where(log.c.rows >= 0)
    statement = insert_into(leases, dialect).from_select(["name", "holder", "until"], row)
    new = {"holder": statement.excluded.holder, "until": statement.excluded.until}
    return statement.on_conflict_do_update(index_elements=["name"], set_=new)
