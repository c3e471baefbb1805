"""The jobs that the watcher follows: those that were announced and are not over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, or_, select, update

from bot.domain.invocation import Action, JobState, Status
from bot.store.database import Database
from bot.store.statements import execute, placeholder, read
from bot.store.tables import followed, invocations


@dataclass(slots=True)
class WatchedJob:
    """One followed job. It is small, because thousands are in memory at once.

    `seen` is the last state from MetaStudio, and the one in the row. `misses` counts the reads in which
    MetaStudio did not know the job. `is_hurried`: the job is about to end. `configuration` is the row's
    value; its reader clears it.
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
    """A person has stopped a job with the bot."""

    job_id: str
    user_id: str


_STOPPED = and_(invocations.c.status == Status.DONE, invocations.c.job_state == JobState.STOPPED)
"""A stop that stopped its job. A stop that found its job over is done too, but without this `job_state`."""


class WatchedJobs:
    """The watcher's view of the invocation log. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def followed(self, *, since: datetime | None = None, job_id: str | None = None) -> list[WatchedJob]:
        """Return the jobs to follow: all, those announced since a time, or one."""
        given = {"since": since, "job": job_id}
        known = {name: value for name, value in given.items() if value is not None}
        rows = await read(self._database, _following(frozenset(known)), known)
        return [
            WatchedJob(row_id, job_id, room_id, JobState(state), room_name=name, configuration=configuration)
            for row_id, job_id, room_id, state, name, configuration in rows
        ]

    async def stops(self, *, since: datetime) -> list[Stop]:
        """Return the stops since a time, the oldest first."""
        return await self._stops(_STOPS_SINCE, {"since": since})

    async def stop_of(self, job_id: str) -> Stop | None:
        """Return the first stop of a job, if any. A stop under way counts too: the job may be over by now."""
        return next(iter(await self._stops(_STOPS_OF_JOB, {"job": job_id})), None)

    async def complete(
        self, job: WatchedJob, *, configuration: str | None = None, room_name: str | None = None
    ) -> None:
        """Store what has become known about a job and its room. None leaves a column unchanged."""
        facts = {"configuration": configuration, "room_name": room_name}
        known = {name: value for name, value in facts.items() if value is not None}
        await execute(self._database, _completing(frozenset(known)), {"row_id": job.invocation_id, **known})

    async def _stops(self, query: Any, values: Mapping[str, Any]) -> list[Stop]:
        rows = sorted(await read(self._database, query, values), key=lambda row: row[-1])
        return [Stop(job_id, user_id) for job_id, user_id, _created_at in rows]


@cache
def _following(given: frozenset[str]) -> Select[Any]:
    query = select(*_FOLLOWED).where(followed, invocations.c.announced_at.is_not(None))
    if "since" in given:
        query = query.where(invocations.c.announced_at >= placeholder("since"))
    if "job" in given:
        query = query.where(invocations.c.job_id == placeholder("job"))
    return query


_STOPS = select(invocations.c.job_id, invocations.c.user_id, invocations.c.created_at).where(
    invocations.c.action == Action.STOP
)
_STOPS_SINCE = _STOPS.where(invocations.c.created_at >= placeholder("since"), _STOPPED)
_STOPS_OF_JOB = _STOPS.where(
    invocations.c.job_id == placeholder("job"), or_(_STOPPED, invocations.c.status == Status.RECEIVED)
)


@cache
def _completing(facts: frozenset[str]) -> Any:
    """Return the statement that stores facts of these names in a row."""
    return (
        update(invocations)
        .where(invocations.c.id == placeholder("row_id"))
        .values({name: placeholder(name) for name in sorted(facts)})
    )
