"""Count the starts of a person, for a limit. Starts that made no job do not count."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from bot.domain.invocation import Action, Status
from bot.store.database import Database
from bot.store.statements import fetch
from bot.store.tables import invocations

_COUNTED = (Status.RECEIVED, Status.STARTING, Status.STARTED, Status.UNKNOWN)


class StartCounts:
    """Counts rows of the table `invocations`. Raises DatabaseUnavailable if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def made_by(
        self, user_id: str, *, after: datetime, until: datetime, besides: Collection[str] = ()
    ) -> int:
        """Return the number of a person's starts in that time that made a job, or may still make one."""
        query = select(func.count().label("starts")).where(
            invocations.c.user_id == user_id,
            invocations.c.created_at > after,
            invocations.c.created_at <= until,
            invocations.c.action == Action.START,
            invocations.c.status.in_(_COUNTED),
            invocations.c.id.not_in(besides),
        )
        [row] = await fetch(self._database, query)
        return int(row.starts)
