"""The log: one row for each use of the bot, and the one function that moves a row from state to state."""

from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Select, bindparam, exists, func, select, update

from bot.model import Action, Invocation, Status
from bot.store.database import Database
from bot.store.failures import log_failures
from bot.store.rows import COLUMNS, NAMES, invocations_of
from bot.store.statements import execute, fetch, insert_into
from bot.store.tables import followed, invocations
from bot.store.twins import twin_query


class Invocations:
    """The table `invocations`. Each method that writes is one statement, which commits by itself.

    All of them raise LogUnavailable where the database does not do its part.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, invocation: Invocation, *, unless_twin: bool = False) -> bool:
        """Add a row. False where the same delivery (`trigger_id`) is in the log already.

        Args:
            unless_twin: also False where the same room and region was asked for a moment ago.
        """
        twin, sought = twin_query(invocation) if unless_twin else (None, {})
        row = {f"new_{name}": getattr(invocation, name) for name in NAMES}
        statement = _recording(self._database.dialect, twin)
        turn = f"room {invocation.room_id}" if unless_twin else None
        return await execute(self._database, statement, row | sought, in_turn=turn) == 1

    async def find_twin(self, invocation: Invocation) -> Invocation | None:
        """What kept a row out: its very delivery, or the same start a moment ago, by whomever."""
        delivery = select(*COLUMNS).where(invocations.c.trigger_id == invocation.trigger_id)
        if invocation.trigger_id and (same := await self._first(delivery)):
            return same
        twin, sought = twin_query(invocation)
        return await self._first(twin.params(sought).order_by(invocations.c.created_at.desc()))

    async def advance(self, invocation: Invocation, to: Status, **facts: Any) -> Invocation | None:
        """Move a row on from the state that `invocation` has, with what became known.

        The update is conditional, so of two processes only one can take a step; None for the other.
        """
        values = {"row_id": invocation.id, "old_status": invocation.status, "new_status": to}
        values |= {f"new_{name}": value for name, value in facts.items()}
        moved = await execute(self._database, _advancing(frozenset(facts)), values) == 1
        return replace(invocation, status=to, **facts) if moved else None

    async def adopt(self, unknown: Invocation, job_id: str, **facts: Any) -> Invocation | None:
        """Move a start of unknown outcome to `started`, with a job that was found and is nobody's yet.

        That it was unknown may have been told; the job has still to be announced.
        """
        somebodys = exists().where(invocations.c.job_id == job_id, invocations.c.action == Action.START)
        statement = (
            update(invocations)
            .where(invocations.c.id == unknown.id, invocations.c.status == Status.UNKNOWN, ~somebodys)
            .values(status=Status.STARTED, job_id=job_id, announced_at=None, **facts)
        )
        adopted = await execute(self._database, statement, in_turn=f"job {job_id}") == 1
        moved = replace(unknown, status=Status.STARTED, job_id=job_id, announced_at=None, **facts)
        return moved if adopted else None

    async def hold(self, invocation: Invocation, until: datetime) -> Invocation | None:
        """Take a row, or keep it, until then; None where another process has taken it or moved it on."""
        statement = (
            update(invocations)
            .where(
                invocations.c.id == invocation.id,
                invocations.c.status == invocation.status,
                invocations.c.deadline == invocation.deadline,
            )
            .values(deadline=until)
        )
        return replace(invocation, deadline=until) if await execute(self._database, statement) == 1 else None

    async def hand_over(self, invocation_id: str, at: datetime | None) -> None:
        """Let any process take a row over from then on (None: nobody any more), if anything is left to do."""
        await execute(
            self._database,
            update(invocations)
            .where(invocations.c.id == invocation_id, invocations.c.deadline.is_not(None))
            .values(deadline=at),
        )

    async def overdue(self, now: datetime, *, limit: int) -> list[Invocation]:
        """Rows with something left to do and nobody who does it, the longest overdue first."""
        query = select(*COLUMNS).where(invocations.c.deadline <= now).order_by(invocations.c.deadline)
        return await self._all(query.limit(limit))

    async def mark_announced(
        self, invocation: Invocation, at: datetime, *, channel: str | None, ts: str | None
    ) -> None:
        """Note that people have been told, and in which message; the response_url is not needed any more."""
        values = {"row_id": invocation.id, "at": at, "channel": channel, "ts": ts}
        await execute(self._database, _MARKING_ANNOUNCED, values)

    async def forget_response_urls(self, before: datetime) -> None:
        """Clear the response_urls of rows made before a time, when they no longer work."""
        await execute(
            self._database,
            update(invocations)
            .where(invocations.c.created_at < before, invocations.c.response_url.is_not(None))
            .values(response_url=None),
        )

    async def check_writable(self) -> None:
        """Write the oldest row once more as it is: a full disk shows only where something is written."""
        oldest = select(invocations.c.id).order_by(invocations.c.created_at).limit(1).scalar_subquery()
        same = {"text": invocations.c.text}
        await execute(self._database, update(invocations).where(invocations.c.id == oldest).values(same))

    async def get(self, invocation_id: str) -> Invocation | None:
        """One row."""
        return await self._first(select(*COLUMNS).where(invocations.c.id == invocation_id))

    async def find_start(self, job_id: str) -> Invocation | None:
        """The start that made a job, if it was made by way of the bot."""
        made = (
            invocations.c.job_id == job_id,
            invocations.c.action == Action.START,
            invocations.c.status == Status.STARTED,
        )
        return await self._first(select(*COLUMNS).where(*made).order_by(invocations.c.created_at))

    async def known_jobs(self, job_ids: Collection[str]) -> set[str]:
        """Those of the jobs that are somebody's."""
        made = (invocations.c.job_id.in_(job_ids), invocations.c.action == Action.START)
        return {row.job_id for row in await fetch(self._database, select(invocations.c.job_id).where(*made))}

    async def is_another_in_doubt(self, invocation: Invocation) -> bool:
        """Whether another start of the same room may have made a job of which it is not known yet."""
        others = (
            invocations.c.room_id == invocation.room_id,
            invocations.c.id != invocation.id,
            invocations.c.status.in_((Status.STARTING, Status.UNKNOWN)),
            invocations.c.deadline.is_not(None),
        )
        return bool(await fetch(self._database, select(invocations.c.id).where(*others).limit(1)))

    async def running(self, *, limit: int) -> list[Invocation]:
        """The starts whose jobs are not over as far as is known, newest first."""
        query = select(*COLUMNS).where(followed).order_by(invocations.c.created_at.desc())
        return await self._all(query.limit(limit))

    async def count_running(self) -> int:
        """How many `running` would find without a limit."""
        [row] = await fetch(self._database, select(func.count()).where(followed))
        return int(row[0])

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
        with log_failures():
            async with self._database.connect() as connection:
                # A cursor lives in a transaction, which autocommit does not give it on PostgreSQL.
                reader = await connection.execution_options(isolation_level="SERIALIZABLE")
                async for row in await reader.stream(query):
                    for invocation in invocations_of([row]):
                        yield invocation

    async def _first(self, query: Any) -> Invocation | None:
        return next(iter(await self._all(query.limit(1))), None)

    async def _all(self, query: Any) -> list[Invocation]:
        return invocations_of(await fetch(self._database, query))


def _value(name: str) -> Any:
    return bindparam(name, required=False)


_MARKING_ANNOUNCED = (
    update(invocations)
    .where(invocations.c.id == _value("row_id"))
    .values(
        announced_at=_value("at"),
        message_channel=_value("channel"),
        message_ts=_value("ts"),
        response_url=None,
        deadline=None,
    )
)


@cache
def _recording(dialect: Dialect, twin: Select[Any] | None) -> Any:
    """The statement that adds a row, unless its delivery is known or a twin is there."""
    statement = insert_into(invocations, dialect)
    row = {name: bindparam(f"new_{name}", required=False, type_=invocations.c[name].type) for name in NAMES}
    if twin is None:
        statement = statement.values(row)
    else:
        statement = statement.from_select(NAMES, select(*row.values()).where(~exists(twin)))
    return statement.on_conflict_do_nothing(index_elements=["trigger_id"])


@cache
def _advancing(facts: frozenset[str]) -> Any:
    """The statement that moves a row on, with facts of these names."""
    return (
        update(invocations)
        .where(invocations.c.id == _value("row_id"), invocations.c.status == _value("old_status"))
        .values({name: _value(f"new_{name}") for name in ("status", *sorted(facts))})
    )
