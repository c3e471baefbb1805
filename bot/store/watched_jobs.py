"""The jobs that are followed: those that were announced and are not over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select, update

from bot.domain.invocation import Action, JobState, Status
from bot.store.database import Database
from bot.store.statements import execute, read
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
        given = {"since": since, "job": job_id}
        known = {name: value for name, value in given.items() if value is not None}
        rows = await read(self._database, _following(frozenset(known)), known)
        return [
            WatchedJob(row_id, job_id, room_id, JobState(state), room_name=name, configuration=configuration)
            for row_id, job_id, room_id, state, name, configuration in rows
        ]

    async def stops(self, *, since: datetime) -> list[Stop]:
        """Who stopped what from then on."""
        return await self._stops(_STOPS_SINCE, {"since": since})

    async def stop_of(self, job_id: str) -> Stop | None:
        """Who stopped a job first, if anybody did; it may be over before the stop has been answered."""
        return next(iter(await self._stops(_STOPS_OF_JOB, {"job": job_id})), None)

    async def complete(
        self, job: WatchedJob, *, configuration: str | None = None, room_name: str | None = None
    ) -> None:
        """Note what has become known of a job and its room; what is None stays as it is."""
        facts = {"configuration": configuration, "room_name": room_name}
        known = {name: value for name, value in facts.items() if value is not None}
        await execute(self._database, _completing(frozenset(known)), {"row_id": job.invocation_id, **known})

    async def _stops(self, query: Any, values: Mapping[str, Any]) -> list[Stop]:
        rows = sorted(await read(self._database, query, values), key=lambda row: row[-1])
        return [Stop(job_id, user_id) for job_id, user_id, _created_at in rows]


def _value(name: str) -> Any:
    return bindparam(name, required=False)


@cache
def _following(given: frozenset[str]) -> Select[Any]:
    query = select(*_FOLLOWED).where(followed, invocations.c.announced_at.is_not(None))
    if "since" in given:
        query = query.where(invocations.c.announced_at >= _value("since"))
    if "job" in given:
        query = query.where(invocations.c.job_id == _value("job"))
    return query


_STOPS = select(invocations.c.job_id, invocations.c.user_id, invocations.c.created_at).where(
    invocations.c.action == Action.STOP
)
_STOPS_SINCE = _STOPS.where(invocations.c.created_at >= _value("since"), _STOPPED)
_STOPS_OF_JOB = _STOPS.where(
    invocations.c.job_id == _value("job"), or_(_STOPPED, invocations.c.status == Status.RECEIVED)
)


@cache
def _completing(facts: frozenset[str]) -> Any:
    """The statement that lets a row hold facts of these names."""
    return (
        update(invocations)
        .where(invocations.c.id == _value("row_id"))
        .values({name: _value(name) for name in sorted(facts)})
    )
