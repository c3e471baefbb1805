"""The invocation log: one row for each use of the bot, and the one method that changes its status."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update

from bot.domain.invocation import (
    Action,
    Invocation,
    JobInvocation,
    RoomInvocation,
    Status,
    has_job,
    has_room,
)
from bot.domain.post import Post
from bot.domain.steps import Adopted, AnyInvocation, RoomFound, Step
from bot.store import invocation_statements as sql
from bot.store.database import Database
from bot.store.duplicates import duplicate_queries
from bot.store.errors import database_failures
from bot.store.log_query import log_query
from bot.store.post_statements import adding, new_post
from bot.store.probe import probe
from bot.store.rows import invocation_of, values_of, values_of_step
from bot.store.statements import execute, execute_both, fetch, read
from bot.store.tables import FAR_AHEAD, invocations
from bot.store.unreadable import Unreadable


class Invocations:
    """The table `invocations`. Each method that writes is one commit.

    All methods raise DatabaseUnavailable if the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unreadable = Unreadable("an invocation cannot be read", "invocation_id")

    async def record(
        self, invocation: Invocation, *, unless_duplicate: bool = False, unless_running: bool = False
    ) -> bool:
        """Add a row.

        Return False if the table already has a row of the same delivery from Slack (`trigger_id`) or of the
        same button (`previous_id`).

        Args:
            unless_duplicate: also return False if the invocation is a duplicate.
            unless_running: also return False if a job of the same wish runs in the room.
        """
        others: tuple[Select[Any], ...] = ()
        sought: dict[str, Any] = {}
        turn: str | None = None
        if unless_duplicate and has_room(invocation):
            others, sought = duplicate_queries(invocation)
            turn = f"room {invocation.request.room_id}"
        if unless_running and has_room(invocation):
            running, wish = sql.running_in_room(invocation)
            others, sought = (*others, running), sought | wish
        row = {f"new_{name}": value for name, value in values_of(invocation).items()}
        is_next = invocation.previous_id is not None
        statement = sql.recording(self._database.dialect, others, is_next=is_next)
        return await execute(self._database, statement, row | sought, in_turn=turn) == 1

    async def add_once(self, invocation: Invocation) -> bool:
        """Add a row; return False if there is one with its ID."""
        row = {f"new_{name}": value for name, value in values_of(invocation).items()}
        statement = sql.recording(self._database.dialect, (), is_next=True)
        return await execute(self._database, statement, row) == 1

    async def find_duplicate(self, invocation: RoomInvocation) -> RoomInvocation | None:
        """Return the row that kept another one out: of the same delivery, or else the newest duplicate."""
        trigger_id = invocation.origin.trigger_id
        if trigger_id and (same := await self._one("trigger_id", trigger_id)) and has_room(same):
            return same
        duplicates, sought = duplicate_queries(invocation)
        found = [row for query in duplicates for row in await self._read(query, sought)]
        return max(filter(has_room, found), key=lambda row: row.created_at, default=None)

    async def last_start(self, channel_id: str) -> RoomInvocation | None:
        """Return the newest start of a channel that was understood and allowed."""
        return next(filter(has_room, await self._read(sql.LAST_START, {"channel": channel_id})), None)

    async def last_start_of(self, user_id: str) -> RoomInvocation | None:
        """Return a person's newest start that was understood and allowed."""
        return next(filter(has_room, await self._read(sql.LAST_START_OF, {"user": user_id})), None)

    async def running_in_room(self, asked: RoomInvocation) -> JobInvocation | None:
        """Return the newest start of the same team, room and client ID whose job runs, as far as is known."""
        found = await self._read(*sql.running_in_room(asked))
        return max(filter(has_job, found), key=lambda row: row.created_at, default=None)

    async def next_of(self, invocation_id: str) -> RoomInvocation | None:
        """Return the start that a button of this invocation has led to."""
        found = await self._one("previous_id", invocation_id)
        return found if found and has_room(found) else None

    async def holding_room(self, room_id: str) -> list[JobInvocation]:
        """Return the starts whose jobs run in a room, as far as is known, the newest first."""
        found = filter(has_job, await self._read(sql.HOLDING_ROOM, {"room": room_id}))
        return sorted(found, key=lambda row: row.created_at, reverse=True)

    async def advance(
        self, invocation: AnyInvocation, step: Step, *, post: Post | None = None
    ) -> AnyInvocation | None:
        """Move a row on from the status that `invocation` has, and write the facts of the step.

        The update is conditional, so only one of two processes can take a step. The other gets None.

        Args:
            post: a post to add in the same commit.
        """
        columns, values = _values_of(step, invocation.id, invocation.status)
        moved = await self._move(sql.advancing(columns), values, post)
        return step.applied_to(invocation) if moved else None

    async def adopt(
        self, unknown: AnyInvocation, step: Adopted, *, post: Post | None = None
    ) -> AnyInvocation | None:
        """Move a start from `unknown` to `started` with a job that was found.

        Return None if the job already belongs to a start, or if the start is not `unknown` any more.

        Args:
            post: the announcement to add in the same commit.
        """
        columns, values = _values_of(step, unknown.id, Status.UNKNOWN)
        adopted = await self._move(sql.adopting(columns), values, post, in_turn=f"job {step.job_id}")
        return step.applied_to(unknown) if adopted else None

    async def find_room(self, received: RoomInvocation, step: RoomFound) -> RoomInvocation | None:
        """Write the room of a start that gave it by name.

        Return None if the start is a duplicate, or if another process has changed the row.
        """
        found = step.applied_to(received)
        duplicates, sought = duplicate_queries(found)
        columns, values = _values_of(step, received.id, received.status)
        statement = sql.finding_room(columns, duplicates)
        moved = await self._move(statement, values | sought, in_turn=f"room {step.room_id}")
        return found if moved else None

    async def claim(self, invocation: AnyInvocation, until: datetime) -> AnyInvocation | None:
        """Claim a row, or extend the claim. Return None if another process has claimed or changed the row."""
        claimed = await self._move(*sql.claim_of(invocation, until))
        return replace(invocation, lease_until=until) if claimed else None

    async def leave_to_post(self, invocation: AnyInvocation, post: Post) -> AnyInvocation | None:
        """Add a post that tells about a row, and clear the row's lease in the same commit.

        Return None if another process has claimed or changed the row.
        """
        moved = await self._move(*sql.claim_of(invocation, None), post)
        return replace(invocation, lease_until=None) if moved else None

    async def release(self, invocation_id: str, at: datetime | None) -> None:
        """Let any process claim a row from `at` on (None: never again), if the row has work left."""
        await execute(self._database, sql.RELEASING, {"row_id": invocation_id, "new_lease": at})

    async def overdue(self, now: datetime, *, limit: int) -> list[Invocation]:
        """Return rows that have work left and whose lease has run out, the longest overdue first."""

        async def at_most(number: int) -> Sequence[Sequence[Any]]:
            return await read(self._database, sql.OVERDUE, {"now": now, "most": number})

        return await self._unreadable.first(limit, at_most, invocation_of)

    async def bring_back(self, now: datetime, *, beyond: timedelta = FAR_AHEAD) -> None:
        """End the leases that run too far ahead: a clock was set back after they were written."""
        await execute(self._database, sql.BRINGING_BACK, {"now": now, "far": now + beyond})

    async def forget_response_urls(self, before: datetime) -> None:
        """Clear the response_urls of rows that were created before a time: they no longer work."""
        await execute(
            self._database,
            update(invocations)
            .where(invocations.c.created_at < before, invocations.c.response_url.is_not(None))
            .values(response_url=None),
        )

    async def clear_traces(self) -> None:
        """Remove cleared values from the database's own files."""
        await self._database.clear_traces()

    async def check_writable(self) -> None:
        """Write as much as a start does: a full disk fails only writes."""
        await probe(self._database)

    async def get(self, invocation_id: str) -> Invocation | None:
        """Return one row."""
        return await self._one("id", invocation_id)

    async def get_start(self, invocation_id: str) -> RoomInvocation | None:
        """Return one row, if it is a start with valid arguments."""
        found = await self.get(invocation_id)
        return found if found and found.action is Action.START and has_room(found) else None

    async def find_start(self, job_id: str) -> JobInvocation | None:
        """Return the start that made a job, if the job was started with the bot.

        A start that MetaStudio answered with this job comes before a start that has adopted it.
        """
        starts = filter(has_job, await self._read(sql.STARTS_OF_JOB, {"job": job_id}))
        return min(
            starts, key=lambda start: (start.job.adopted_at is not None, start.created_at), default=None
        )

    async def find_stop(self, job_id: str) -> Invocation | None:
        """Return the stop that ended a job, if the job was stopped with the bot."""
        return next(iter(await self._read(sql.STOP_OF_JOB, {"job": job_id})), None)

    async def known_jobs(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that belong to a start."""
        sought = {f"job_{number}": job_id for number, job_id in enumerate(job_ids)}
        return {job_id for [job_id] in await read(self._database, sql.known_jobs(len(sought)), sought)}

    async def other_unknown_starts(self, invocation: RoomInvocation) -> list[RoomInvocation]:
        """Return the other open starts of the room. Each may have made a job that is not noted yet."""
        values = {"room": invocation.request.room_id, "own_id": invocation.id}
        return list(filter(has_room, await self._read(sql.OTHER_UNKNOWN_STARTS, values)))

    async def ids_from(self, beginning: str, *, limit: int) -> list[str]:
        """Return the IDs with this prefix, sorted. Wildcards of SQL have no special meaning."""
        query = (
            select(invocations.c.id)
            .where(
                invocations.c.id.between(
                    beginning, f"{beginning}z"
                ),  # `z` sorts after every hex digit in all collations
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
        room_id: str | None = None,
        job_id: str | None = None,
        invocation_id: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Invocation]:
        """Yield the matching rows, newest first. They are read from the database one by one."""
        values = {
            "user_id": user_id,
            "status": status,
            "room_id": room_id,
            "job_id": job_id,
            "id": invocation_id,
        }
        wanted = {name: value for name, value in values.items() if value is not None}
        query = log_query(wanted, since=since, limit=limit)
        with database_failures():
            async with self._database.connect() as connection:
                # On PostgreSQL a cursor needs a transaction, and autocommit opens none.
                reader = await connection.execution_options(isolation_level="SERIALIZABLE")
                async for row in await reader.stream(query):
                    for invocation in self._unreadable.left_out([row], invocation_of):
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
        """Return the row with a value in a unique column."""
        return next(iter(await self._read(sql.by_unique(column), {"value": value})), None)

    async def _read(self, query: Any, values: Mapping[str, Any]) -> list[Invocation]:
        return self._unreadable.left_out(await read(self._database, query, values), invocation_of)


def _values_of(step: Step, row_id: str, old_status: Status) -> tuple[frozenset[str], dict[str, Any]]:
    """Return the columns that a step writes, and the values of the statement that takes it."""
    columns = values_of_step(step)
    values = {"row_id": row_id, "old_status": old_status, "new_status": step.status}
    return frozenset(columns), values | {f"new_{name}": value for name, value in columns.items()}
