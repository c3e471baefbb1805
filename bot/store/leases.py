"""Leases for work that only one process may do at a time, and the takeover of a dead process's work."""

from datetime import datetime

from sqlalchemy import delete, update

from bot.store.database import Database
from bot.store.statements import execute, insert_into
from bot.store.tables import invocations, leases, posts


class Leases:
    """The table `leases`. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take a lease that is free or has run out, or renew one's own. Return False if another has it."""
        statement = insert_into(leases, self._database.dialect).values(name=name, holder=holder, until=until)
        free = (leases.c.holder == holder) | (leases.c.until <= now)
        return (
            await execute(
                self._database,
                statement.on_conflict_do_update(
                    index_elements=["name"], set_={"holder": holder, "until": until}, where=free
                ),
            )
            == 1
        )

    async def release(self, name: str, holder: str) -> None:
        """Give the lease back, so that another process can take it at once."""
        await execute(self._database, delete(leases).where(leases.c.name == name, leases.c.holder == holder))


async def inherit(database: Database, now: datetime) -> None:
    """Release the rows, posts and leases that the process before has left behind. Call it at the start.

    Only with SQLite, which serves one process: the former holder is gone. With PostgreSQL other processes may
    be at work, so the leases must run out.

    Raises:
        DatabaseUnavailable: the database cannot be written.
    """
    if database.dialect.name == "sqlite":
        await execute(
            database, update(invocations).where(invocations.c.lease_until > now).values(lease_until=now)
        )
        await execute(database, update(posts).where(posts.c.lease_until > now).values(lease_until=now))
        await execute(database, delete(leases))
