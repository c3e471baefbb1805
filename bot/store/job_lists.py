"""Lists of jobs, and of what the bot knows of jobs that MetaStudio lists. These methods only read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, TextClause, and_, case, func, or_, select

from bot.domain.invocation import (
    Action,
    Invocation,
    JobInvocation,
    JobState,
    RoomInvocation,
    Status,
    has_job,
    has_room,
)
from bot.domain.job_list import JobList
from bot.store.database import Database
from bot.store.invocation_statements import Viewing, seen, viewer
from bot.store.rows import COLUMNS, invocation_of
from bot.store.statements import placeholder, read
from bot.store.tables import followed, invocations, is_allowed_start, is_open
from bot.store.unreadable import Unreadable

MOST_STARTS = 200
"""How many starts are looked through for the rooms of the last day, or for the channels of a person."""

A_QUERY = 100
"""How many IDs one query looks for."""


class JobLists:
    """Reads the invocation log. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unreadable = Unreadable("an invocation cannot be read", "invocation_id")

    async def recent(self, asking: Invocation, *, since: datetime, limit: int) -> JobList:
        """Return what starts, what runs, and what ended since a time, as far as the person may see it."""
        who = viewer(asking)
        opened, (_, counted), ended = _lists(Viewing.of(asking))
        values = {**who, "since": since, "most": limit}
        starting = _newest_first(filter(has_room, await self._read(opened, {**who, "since": since})))
        runs = await self.running(asking, limit=limit)
        over = list(filter(has_job, await self._read(ended[0], values)))
        [(all_running, seen_running)] = await read(self._database, counted, who)
        [(_, seen_ended)] = await read(self._database, ended[1], {**who, "since": since})
        unknown = [row for row in starting if row.status is Status.UNKNOWN]
        starting = [row for row in starting if row.status is not Status.UNKNOWN]
        running_total = max(seen_running, len(runs))
        return JobList(
            under_way=_newest_first((*starting, *runs))[:limit],
            unknown=unknown[:limit],
            ended=over,
            under_way_total=running_total + len(starting),
            ended_total=max(seen_ended, len(over)),
            hidden=max(all_running - running_total, 0),
        )

    async def running(self, asking: Invocation, *, limit: int) -> list[JobInvocation]:
        """Return the newest starts whose jobs run, as far as is known and the person may see them."""
        _, (running, _), _ = _lists(Viewing.of(asking))
        return list(filter(has_job, await self._read(running, {**viewer(asking), "most": limit})))

    async def rooms_started(self, asking: Invocation, *, since: datetime) -> list[str]:
        """Return the rooms of the newest starts since a time that the person may see."""
        query = _rooms_started(Viewing.of(asking))
        rows = await read(self._database, query, {**viewer(asking), "since": since})
        return list(dict.fromkeys(room_id for [room_id] in rows if room_id))

    async def open_starts(self, room_ids: Sequence[str]) -> dict[str, list[datetime]]:
        """Return when the starts of these rooms were asked for that are under way or unknown, by room."""
        found: dict[str, list[datetime]] = {}
        for some in _portions(room_ids):
            for room_id, asked_at in await read(self._database, _OPEN_STARTS, _named("room", some)):
                found.setdefault(room_id, []).append(asked_at)
        return found

    async def accounted_for(self, job_ids: Sequence[str]) -> set[str]:
        """Return those of the jobs that were started or stopped with the bot."""
        found: set[str] = set()
        for some in _portions(job_ids):
            found |= {job_id for [job_id] in await read(self._database, _ACCOUNTED_FOR, _named("job", some))}
        return found

    async def uses_of(self, user_id: str, *, limit: int) -> list[Invocation]:
        """Return a person's last uses of the bot, the newest first, without the forms that they opened."""
        return await self._read(_USES, {"user": user_id, "most": limit})

    async def starts_of_jobs(self, job_ids: Sequence[str]) -> list[JobInvocation]:
        """Return the starts that made these jobs."""
        found: list[JobInvocation] = []
        for some in _portions(job_ids):
            found += filter(has_job, await self._read(_STARTS_OF_JOBS, _named("job", some)))
        return found

    async def starts_of(self, user_id: str) -> list[Invocation]:
        """Return a person's last starts and uses of `/avatar quick` in channels, the newest first."""
        return await self._read(_STARTS_OF_PERSON, {"user": user_id})

    async def standings(self, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Return where these rows and their jobs stand, in words that a newer version may have added to."""
        standings: dict[str, tuple[str, str | None]] = {}
        for some in _portions(ids):
            for row_id, status, state in await read(self._database, _STANDINGS, _named("row", some)):
                standings[row_id] = status, state
        return standings

    async def _read(self, query: Any, values: Mapping[str, Any]) -> list[Invocation]:
        return self._unreadable.left_out(await read(self._database, query, values), invocation_of)


def _newest_first(rows: Iterable[RoomInvocation]) -> list[RoomInvocation]:
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def _portions(values: Sequence[str]) -> Iterator[list[str]]:
    """Yield the values in lists of one length, so that each query is prepared once. None has an empty ID."""
    for at in range(0, len(values), A_QUERY):
        some = values[at : at + A_QUERY]
        yield [*some, *[""] * (A_QUERY - len(some))]


def _named(name: str, values: Iterable[str]) -> dict[str, str]:
    return {f"{name}_{number}": value for number, value in enumerate(values)}


@cache
def _lists(viewing: Viewing) -> tuple[Any, tuple[Any, Any], tuple[Any, Any]]:
    """Return the queries for starts that are open, for jobs that run, and for jobs that have ended.

    Open starts are few. They are not sorted, because ORDER BY would keep SQLite from their index. Of each
    pair, the first query lists the newest, and the second counts all, and those that the person may see.
    """
    visible = seen(viewing)
    since = placeholder("since")
    is_start = invocations.c.action == Action.START
    opened = (is_open, is_start, invocations.c.created_at >= since, visible)
    return (
        select(*COLUMNS).where(*opened).limit(MOST_STARTS),
        _pair((followed,), visible, invocations.c.created_at),
        _pair((invocations.c.ended_at >= since,), visible, invocations.c.ended_at),
    )


def _pair(
    conditions: Sequence[ColumnElement[bool] | TextClause], visible: ColumnElement[bool], time: Any
) -> tuple[Any, Any]:
    most = placeholder("most", Integer())
    listed = select(*COLUMNS).where(*conditions, visible).order_by(time.desc()).limit(most)
    counts = func.count(), func.count(case((visible, 1)))
    return listed, select(*counts).select_from(invocations).where(*conditions)


@cache
def _rooms_started(viewing: Viewing) -> Select[Any]:
    return (
        select(invocations.c.room_id)
        .where(
            invocations.c.created_at >= placeholder("since"),
            is_allowed_start,
            seen(viewing),
        )
        .order_by(invocations.c.created_at.desc())
        .limit(MOST_STARTS)
    )


def _sought(name: str) -> list[Any]:
    return [placeholder(f"{name}_{number}") for number in range(A_QUERY)]


_OPEN_STARTS = select(invocations.c.room_id, invocations.c.created_at).where(
    is_open,
    invocations.c.room_id.in_(_sought("room")),
    invocations.c.action == Action.START,
)

_IS_STOPPED = and_(
    invocations.c.action == Action.STOP,
    invocations.c.status == Status.DONE,
    invocations.c.job_state == JobState.STOPPED,
)
_ACCOUNTED_FOR = select(invocations.c.job_id).where(
    invocations.c.job_id.in_(_sought("job")), or_(invocations.c.action == Action.START, _IS_STOPPED)
)

_STARTS_OF_JOBS = select(*COLUMNS).where(
    invocations.c.job_id.in_(_sought("job")), invocations.c.action == Action.START
)

_STANDINGS = select(invocations.c.id, invocations.c.status, invocations.c.job_state).where(
    invocations.c.id.in_(_sought("row"))
)

_USES = (
    select(*COLUMNS)
    .where(invocations.c.user_id == placeholder("user"), invocations.c.action != Action.FORM)
    .order_by(invocations.c.created_at.desc())
    .limit(placeholder("most", Integer()))
)

_STARTS_OF_PERSON = (
    select(*COLUMNS)
    .where(
        invocations.c.user_id == placeholder("user"),
        invocations.c.channel_id.is_not(None),
        invocations.c.action.in_([Action.START, Action.QUICK]),
    )
    .order_by(invocations.c.created_at.desc())
    .limit(MOST_STARTS)
)
