"""The invocation log: one row for each use of the bot, and the one function that moves a row on."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Integer, Select, bindparam, case, exists, func, select, update

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Status
from bot.domain.post import Post
from bot.domain.steps import Adopted, Step
from bot.store.database import Database
from bot.store.duplicates import Duplicates, duplicate_queries
from bot.store.errors import database_failures
from bot.store.posts import adding, new_post
from bot.store.probe import probe
from bot.store.rows import COLUMNS, NAMES, in_columns, invocations_of, values_of
from bot.store.statements import execute, execute_both, fetch, insert_into, read
from bot.store.tables import followed, invocations, is_open, is_start


@dataclass(frozen=True, slots=True)
class RunningJobs:
    """The newest starts whose jobs run and may be read of, how many there are, and how many others run."""

    jobs: list[Invocation]
    total: int
    hidden: int


class Invocations:
    """The table `invocations`. Each method that writes is one statement, which commits by itself.

    All of them raise DatabaseUnavailable where the database does not do its part.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, invocation: Invocation, *, unless_duplicate: bool = False) -> bool:
        """Add a row.

        False where the same delivery (`trigger_id`) is in the log already, and where another row came from
        the same button (`previous_id`).

        Args:
            unless_duplicate: also False where it has a duplicate.
        """
        duplicates, sought = duplicate_queries(invocation) if unless_duplicate else (None, {})
        row = {f"new_{name}": value for name, value in values_of(invocation).items()}
        is_next = invocation.previous_id is not None
        statement = _recording(self._database.dialect, duplicates, is_next=is_next)
        turn = f"room {invocation.room_id}" if unless_duplicate else None
        return await execute(self._database, statement, row | sought, in_turn=turn) == 1

    async def find_duplicate(self, invocation: Invocation) -> Invocation | None:
        """What kept a row out: its very delivery, or the duplicate that was asked for last, by whomever."""
        if invocation.trigger_id and (same := await self._one("trigger_id", invocation.trigger_id)):
            return same
        duplicates, sought = duplicate_queries(invocation)
        found = [row for query in duplicates for row in await self._read(query, sought)]
        return max(found, key=lambda row: row.created_at, default=None)

    async def last_start(self, channel_id: str) -> Invocation | None:
        """The newest start of a channel that was understood and allowed."""
        return next(iter(await self._read(_LAST_START, {"channel": channel_id})), None)

    async def running_in_room(self, asked: Invocation) -> Invocation | None:
        """The newest start of the same team, room and client ID whose job runs, as far as is known."""
        given = {"team": asked.team_id, "client": asked.client_id}
        known = {name: value for name, value in given.items() if value is not None}
        found = await self._read(_running_in_room(frozenset(known)), {"room": asked.room_id, **known})
        return next(iter(found), None)

    async def next_of(self, invocation_id: str) -> Invocation | None:
        """The row that came from the one button of another."""
        return await self._one("previous_id", invocation_id)

    async def advance(
        self, invocation: Invocation, step: Step, *, post: Post | None = None
    ) -> Invocation | None:
        """Move a row on from the status that `invocation` has, with what became known.

        The update is conditional, so of two processes only one can take a step; None for the other.

        Args:
            post: what is to be said of it, added in the same commit.
        """
        columns = in_columns(step.facts())
        values = {"row_id": invocation.id, "old_status": invocation.status, "new_status": step.status}
        values |= {f"new_{name}": value for name, value in columns.items()}
        moved = await self._move(_advancing(frozenset(columns)), values, post)
        return step.applied_to(invocation) if moved else None

    async def adopt(
        self, unknown: Invocation, step: Adopted, *, post: Post | None = None
    ) -> Invocation | None:
        """Move a start of unknown outcome to `started`, with a job that was found and is nobody's yet.

        That it was unknown may have been told; the job has still to be announced.

        Args:
            post: its announcement, added in the same commit.
        """
        columns = in_columns(step.facts())
        values = {"row_id": unknown.id, "old_status": Status.UNKNOWN, "new_status": step.status}
        values |= {f"new_{name}": value for name, value in columns.items()}
        statement = _adopting(frozenset(columns))
        adopted = await self._move(statement, values, post, in_turn=f"job {step.job_id}")
        return step.applied_to(unknown) if adopted else None

    async def claim(self, invocation: Invocation, until: datetime) -> Invocation | None:
        """Take a row, or keep it, until then; None where another process has taken it or moved it on."""
        claimed = await self._move(*_claim_of(invocation, until))
        return replace(invocation, lease_until=until) if claimed else None

    async def leave_to_post(self, invocation: Invocation, post: Post) -> Invocation | None:
        """Leave a row to what is to be said of it, added in the same commit.

        None where another process has taken it or moved it on.
        """
        moved = await self._move(*_claim_of(invocation, None), post)
        return replace(invocation, lease_until=None) if moved else None

    async def release(self, invocation_id: str, at: datetime | None) -> None:
        """Let any process take a row over from then on (None: nobody any more), if anything is left to do."""
        await execute(self._database, _RELEASING, {"row_id": invocation_id, "new_lease": at})

    async def overdue(self, now: datetime, *, limit: int) -> list[Invocation]:
        """Rows with something left to do and nobody who does it, the longest overdue first."""
        query = select(*COLUMNS).where(invocations.c.lease_until <= now).order_by(invocations.c.lease_until)
        return await self._all(query.limit(limit))

    async def forget_response_urls(self, before: datetime) -> None:
        """Clear the response_urls of rows made before a time, when they no longer work."""
        await execute(
            self._database,
            update(invocations)
            .where(invocations.c.created_at < before, invocations.c.response_url.is_not(None))
            .values(response_url=None),
        )

    async def clear_traces(self) -> None:
        """Remove what was cleared from where the database itself still keeps it."""
        await self._database.clear_traces()

    async def check_writable(self) -> None:
        """Write as much as a start does: a full disk shows only where something is written."""
        await probe(self._database)

    async def get(self, invocation_id: str) -> Invocation | None:
        """One row."""
        return await self._one("id", invocation_id)

    async def find_start(self, job_id: str) -> Invocation | None:
        """The start that made a job, if it was made by way of the bot.

        One that MetaStudio has answered with this job comes before one that has adopted it.
        """
        starts = await self._read(_STARTS_OF_JOB, {"job": job_id})
        return min(starts, key=lambda start: (start.adopted_at is not None, start.created_at), default=None)

    async def find_stop(self, job_id: str) -> Invocation | None:
        """The stop that ended a job, if it was stopped by way of the bot."""
        return next(iter(await self._read(_STOP_OF_JOB, {"job": job_id})), None)

    async def known_jobs(self, job_ids: Collection[str]) -> set[str]:
        """Those of the jobs that are somebody's."""
        made = (invocations.c.job_id.in_(job_ids), invocations.c.action == Action.START)
        return {row.job_id for row in await fetch(self._database, select(invocations.c.job_id).where(*made))}

    async def other_unknown_starts(self, invocation: Invocation) -> list[Invocation]:
        """The other starts of the same room that may have made a job of which it is not known yet."""
        others = (
            is_open,
            invocations.c.room_id == invocation.room_id,
            invocations.c.id != invocation.id,
            invocations.c.action == Action.START,
            invocations.c.status != Status.RECEIVED,
        )
        return await self._all(select(*COLUMNS).where(*others))

    async def running(self, asking: Invocation, *, limit: int) -> RunningJobs:
        """The starts whose jobs are not over as far as is known, as far as somebody may read of them."""
        listed, counted = _running(
            has_channel=asking.channel_id is not None, is_foreign=asking.foreign_team_id is not None
        )
        who = {"user": asking.user_id, "channel": asking.channel_id}
        jobs = await self._read(listed, {**who, "most": limit})
        [(running, seen)] = await read(self._database, counted, who)
        total = max(seen, len(jobs))
        return RunningJobs(jobs, total, hidden=max(running - total, 0))

    async def ids_from(self, beginning: str, *, limit: int) -> list[str]:
        """The IDs that begin so, in their order; what means something in a pattern means itself."""
        query = (
            select(invocations.c.id)
            .where(
                invocations.c.id.between(
                    beginning, f"{beginning}z"
                ),  # in every collation z is after all of hex
                func.substr(invocations.c.id, 1, len(beginning)) == beginning,
            )
            .order_by(invocations.c.id)
            .limit(limit)
        )
        return [row.id for row in await fetch(self._database, query)]

    async def find(
        self,
        *,
        since: datetime | None = None,
        user_id: str | None = None,
        status: Status | None = None,
        invocation_id: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Invocation]:
        """The rows that match, newest first, read as they are asked for."""
        query = select(*COLUMNS).order_by(invocations.c.created_at.desc(), invocations.c.id).limit(limit)
        if since is not None:
            query = query.where(invocations.c.created_at >= since)
        if user_id is not None:
            query = query.where(invocations.c.user_id == user_id)
        if status is not None:
            query = query.where(invocations.c.status == status)
        if invocation_id is not None:
            query = query.where(invocations.c.id == invocation_id)
        with database_failures():
            async with self._database.connect() as connection:
                # A cursor lives in a transaction, which autocommit does not give it on PostgreSQL.
                reader = await connection.execution_options(isolation_level="SERIALIZABLE")
                async for row in await reader.stream(query):
                    for invocation in invocations_of([row]):
                        yield invocation

    async def _move(
        self,
        statement: Any,
        values: Mapping[str, Any],
        post: Post | None = None,
        *,
        in_turn: str | None = None,
    ) -> bool:
        if post is None:
            return await execute(self._database, statement, values, in_turn=in_turn) == 1
        values = {**values, **new_post(post)}
        return await execute_both(self._database, statement, adding, values, in_turn=in_turn) == 1

    async def _one(self, column: str, value: str) -> Invocation | None:
        """The row with a value that no two rows have."""
        return next(iter(await self._read(_by(column), {"value": value})), None)

    async def _read(self, query: Any, values: Mapping[str, Any]) -> list[Invocation]:
        return invocations_of(await read(self._database, query, values))

    async def _all(self, query: Any) -> list[Invocation]:
        return invocations_of(await fetch(self._database, query))


def _value(name: str) -> Any:
    return bindparam(name, required=False)


@cache
def _by(column: str) -> Select[Any]:
    return select(*COLUMNS).where(invocations.c[column] == _value("value")).limit(1)


@cache
def _running(*, has_channel: bool, is_foreign: bool) -> tuple[Any, Any]:
    """Two queries: the newest jobs that run and may be read of; and how many run, and may be read of."""
    seen = _seen(has_channel=has_channel, is_foreign=is_foreign)
    most = bindparam("most", required=False, type_=Integer())
    listed = select(*COLUMNS).where(followed, seen).order_by(invocations.c.created_at.desc()).limit(most)
    counts = func.count(), func.count(case((seen, 1)))
    return listed, select(*counts).select_from(invocations).where(followed)


def _claim_of(invocation: Invocation, until: datetime | None) -> tuple[Any, dict[str, Any]]:
    """The statement that takes a row from who has it, and its values."""
    values = {
        "row_id": invocation.id,
        "old_status": invocation.status,
        "old_lease": invocation.lease_until,
        "new_lease": until,
    }
    return _claiming(is_free=invocation.lease_until is None), values


@cache
def _claiming(*, is_free: bool) -> Any:
    lease = invocations.c.lease_until
    return (
        update(invocations)
        .where(
            invocations.c.id == _value("row_id"),
            invocations.c.status == _value("old_status"),
            lease.is_(None) if is_free else lease == _value("old_lease"),
        )
        .values(lease_until=_value("new_lease"))
    )


def _seen(*, has_channel: bool, is_foreign: bool) -> ColumnElement[bool]:
    """`Invocation.is_visible_to` in SQL; a row whose channel is of no known kind counts as private."""
    seen: ColumnElement[bool] = invocations.c.user_id == _value("user")
    if has_channel:
        seen |= invocations.c.channel_id == _value("channel")
    if not is_foreign:
        seen |= invocations.c.channel_kind == ChannelKind.PUBLIC
    return seen


_LAST_START = (
    select(*COLUMNS)
    .where(
        is_start,
        invocations.c.channel_id == _value("channel"),
        invocations.c.status.not_in((Status.REFUSED, Status.INVALID)),
    )
    .order_by(invocations.c.created_at.desc())
    .limit(1)
)


@cache
def _running_in_room(given: frozenset[str]) -> Select[Any]:
    """The newest job that runs in a room; a team or client ID that is not given has to be missing."""
    team, client = invocations.c.team_id, invocations.c.client_id
    return (
        select(*COLUMNS)
        .where(
            followed,
            invocations.c.room_id == _value("room"),
            invocations.c.action == Action.START,
            team == _value("team") if "team" in given else team.is_(None),
            client == _value("client") if "client" in given else client.is_(None),
        )
        .order_by(invocations.c.created_at.desc())
        .limit(1)
    )


_STARTS_OF_JOB = select(*COLUMNS).where(
    invocations.c.job_id == _value("job"),
    invocations.c.action == Action.START,
    invocations.c.status == Status.STARTED,
)

_STOP_OF_JOB = (
    select(*COLUMNS)
    .where(
        invocations.c.job_id == _value("job"),
        invocations.c.action == Action.STOP,
        invocations.c.status == Status.DONE,
        invocations.c.job_state == JobState.STOPPED,
    )
    .order_by(invocations.c.created_at)
    .limit(1)
)

_RELEASING = (
    update(invocations)
    .where(invocations.c.id == _value("row_id"), invocations.c.lease_until.is_not(None))
    .values(lease_until=_value("new_lease"))
)


@cache
def _recording(dialect: Dialect, duplicates: Duplicates | None, *, is_next: bool) -> Any:
    """The statement that adds a row, unless it is there already, or another in its place."""
    statement = insert_into(invocations, dialect)
    row = {name: bindparam(f"new_{name}", required=False, type_=invocations.c[name].type) for name in NAMES}
    if duplicates is None:
        statement = statement.values(row)
    else:
        is_new = (~exists(query) for query in duplicates)
        statement = statement.from_select(NAMES, select(*row.values()).where(*is_new))
    return statement.on_conflict_do_nothing(index_elements=None if is_next else ["trigger_id"])


@cache
def _advancing(facts: frozenset[str]) -> Any:
    """The statement that moves a row on, with facts of these names."""
    return (
        update(invocations)
        .where(invocations.c.id == _value("row_id"), invocations.c.status == _value("old_status"))
        .values({name: _value(f"new_{name}") for name in ("status", *sorted(facts))})
    )


@cache
def _adopting(facts: frozenset[str]) -> Any:
    """The same, unless the job is somebody's."""
    start = invocations.alias("start")
    is_somebodys = exists().where(start.c.job_id == _value("new_job_id"), start.c.action == Action.START)
    return _advancing(facts).where(~is_somebodys)
