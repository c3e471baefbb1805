"""What one process at a time may do, and the taking over of what a dead process has left."""

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
        """Take a lease that is free or has run out, or renew one's own; False where another has it.

        One that is held far too long was taken before a clock was set back, and counts as run out.
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
        """Let another process have it at once."""
        await execute(self._database, delete(leases).where(leases.c.name == name, leases.c.holder == holder))


async def inherit(database: Database, now: datetime) -> None:
    """At start, take over at once what the process before has left behind.

    Only where a log serves one process, which is so with SQLite: whoever had a row, a post or a lease is
    gone, and what was to be tried later is tried now. With PostgreSQL others may be at work, and leases are
    waited for, but for those that were noted before a clock was set back.

    Raises:
        DatabaseUnavailable: it cannot be written.
    """
    if database.dialect.name == "sqlite":
        await Invocations(database).bring_back(now, beyond=timedelta())
        await Posts(database).bring_back(now, beyond=timedelta())
        await execute(database, delete(leases))
    else:
        await Posts(database).bring_back(now)
