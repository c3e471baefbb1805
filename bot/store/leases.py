"""Leases for work that only one process may do at a time, and the takeover of a dead process's work."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from bot.store.statements import execute, insert_into
from bot.store.tables import FAR_AHEAD, leases


class Leases:
    """The table `leases`. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take a lease that is free or has run out, or renew one's own. Return False if another has it.

        A lease that ends far in the future was taken before a clock was set back. It counts as run out.
        """
        statement = insert_into(leases, self._database.dialect).values(name=name, holder=holder, until=until)
        is_over = (leases.c.until <= now) | (leases.c.until > now + FAR_AHEAD)
        free = (leases.c.holder == holder) | is_over
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

    With SQLite, which serves one process, the former holder is gone: everything is due now. With PostgreSQL
    other processes may be at work, so the leases must run out, except those from before a clock was set back.

    Raises:
        DatabaseUnavailable: the database cannot be written.
    """
    if database.dialect.name == "sqlite":
        await Invocations(database).bring_back(now, beyond=timedelta())
        await Posts(database).bring_back(now, beyond=timedelta())
        await execute(database, delete(leases))
    else:
        await Posts(database).bring_back(now)
