"""What one process at a time may do, and the taking over of what a dead process has left."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.statements import execute
from bot.store.tables import invocations, leases


class Leases:
    """The table `leases`. All methods raise LogUnavailable."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    async def hold(self, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take a lease that is free or has run out, or renew one's own; False where another has it."""
        statement = self._insert(leases).values(name=name, holder=holder, until=until)
        free = (leases.c.holder == holder) | (leases.c.until <= now)
        return (
            await execute(
                self._engine,
                statement.on_conflict_do_update(
                    index_elements=["name"], set_={"holder": holder, "until": until}, where=free
                ),
            )
            == 1
        )

    async def release(self, name: str, holder: str) -> None:
        """Let another process have it at once."""
        await execute(self._engine, delete(leases).where(leases.c.name == name, leases.c.holder == holder))


async def inherit(engine: AsyncEngine, now: datetime) -> None:
    """At start, take over at once what the process before has left behind.

    Only where a log serves one process, which is so with SQLite: whoever had a row or a lease is gone. With
    PostgreSQL others may be at work, and deadlines are waited for.

    Raises:
        LogUnavailable: it cannot be written.
    """
    if engine.dialect.name == "sqlite":
        await execute(engine, update(invocations).where(invocations.c.deadline > now).values(deadline=now))
        await execute(engine, delete(leases))
