"""The jobs that are followed: those that were announced and are not over."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, or_, select, update

from bot.domain.invocation import Action, JobState, Status
from bot.store.database import Database
from bot.store.statements import execute, fetch
from bot.store.tables import followed, invocations


@dataclass(slots=True)
class WatchedJob:
    """One of them, as lean as can be: thousands are held at once.

    `seen` is what MetaStudio has told last, and what the row says; `misses` counts the looks at which it did
    not know the job, and `is_hurried` says that it is about to end. `configuration` is what the row holds;
    whoever has read it takes it away.
    """

    invocation_id: str
    job_id: str
    room_id: str
    seen: JobState
    misses: int = 0
    is_hurried: bool = False
    room_name: str | None = None
    configuration: str | None = None


_FOLLOWED = tuple(
    invocations.c[name] for name in ("id", "job_id", "room_id", "job_state", "room_name", "configuration")
)


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody has stopped a job by way of the bot."""

    job_id: str
    user_id: str


_STOPPED = and_(invocations.c.status == Status.DONE, invocations.c.job_state == JobState.STOPPED)
"""A stop that found its job over stopped nothing."""


class WatchedJobs:
    """What the watcher has to know of the log. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def followed(self, *, since: datetime | None = None, job_id: str | None = None) -> list[WatchedJob]:
        """The jobs to follow: all, those that were announced from a time on, or one."""
        query = select(*_FOLLOWED).where(followed, invocations.c.announced_at.is_not(None))
        if since is not None:
            query = query.where(invocations.c.announced_at >= since)
        if job_id is not None:
            query = query.where(invocations.c.job_id == job_id)
        rows = await fetch(self._database, query)
        return [_followed(row) for row in rows]

    async def stops(self, *, since: datetime) -> list[Stop]:
        """Who stopped what from then on."""
        return await self._stops(invocations.c.created_at >= since, _STOPPED)

    async def stop_of(self, job_id: str) -> Stop | None:
        """Who stopped a job first, if anybody did; it may be over before the stop has been answered."""
        under_way = invocations.c.status == Status.RECEIVED
        stops = await self._stops(invocations.c.job_id == job_id, or_(_STOPPED, under_way))
        return next(iter(stops), None)

    async def complete(
        self, job: WatchedJob, *, configuration: str | None = None, room_name: str | None = None
    ) -> None:
        """Note what has become known of a job and its room; what is None stays as it is."""
        facts = {"configuration": configuration, "room_name": room_name}
        known = {name: value for name, value in facts.items() if value is not None}
        await execute(self._database, _completing(frozenset(known)), {"row_id": job.invocation_id, **known})

    async def _stops(self, *which: ColumnElement[bool]) -> list[Stop]:
        columns = (invocations.c.job_id, invocations.c.user_id, invocations.c.created_at)
        query = select(*columns).where(invocations.c.action == Action.STOP, *which)
        rows = sorted(await fetch(self._database, query), key=lambda row: row.created_at)
        return [Stop(row.job_id, row.user_id) for row in rows]


@cache
def _completing(facts: frozenset[str]) -> Any:
    """The statement that lets a row hold facts of these names."""
    return (
        update(invocations)
        .where(invocations.c.id == bindparam("row_id", required=False))
        .values({name: bindparam(name, required=False) for name in sorted(facts)})
    )


def _followed(row: Row[Any]) -> WatchedJob:
    return WatchedJob(
        row.id,
        row.job_id,
        row.room_id,
        JobState(row.job_state),
        room_name=row.room_name,
        configuration=row.configuration,
    )
