"""Remove old rows from the invocation log, with their posts, a few at a time.

A row stays, however old it is, as long as the bot or a message needs it; `_needed` says when.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
)

from bot.domain.invocation import MADE_NO_JOB, Action, JobState, Status
from bot.domain.post import Purpose
from bot.store.database import Database
from bot.store.statements import execute_both, placeholder, read
from bot.store.tables import invocations, posts

BATCH = 20
"""How many rows one commit removes at most: so few that nobody waits for longer than 50 ms (measured)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next batch begins, the oldest row first: behind the row with this time and ID."""

    created_at: datetime
    invocation_id: str


BEGINNING = Cursor(datetime(1, 1, 1, tzinfo=UTC), "")


@dataclass(frozen=True, slots=True)
class Removed:
    """The number of rows that a batch has removed, and the cursor of the next one (None: it was the last)."""

    rows: int
    cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class OldRows:
    """The number of old rows that can be removed, and of those that are still needed."""

    removable: int
    needed: int


class Pruning:
    """Removes old rows. All methods raise DatabaseUnavailable if the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, before: datetime) -> OldRows:
        """Count the rows that are older than `before`."""
        [(rows, needed)] = await read(self._database, _COUNT, {"before": before})
        return OldRows(rows - needed, needed)

    async def remove(self, before: datetime, cursor: Cursor = BEGINNING) -> Removed:
        """Look at the next rows that are older than `before`, and remove those that nobody needs.

        The rows and their posts go in one commit.
        """
        at = {"before": before, "time": cursor.created_at, "row": cursor.invocation_id}
        found = await read(self._database, _NEXT, at)
        cursors = [Cursor(time, row_id) for row_id, time, _ in found if isinstance(time, datetime)]
        if not cursors:
            return Removed(0, None)
        ids = [row_id for row_id, _, needed in found if not needed]
        if ids:
            full = (*ids, *ids[-1:] * (BATCH - len(ids)))  # the statement names as many rows as a batch has
            values = {"before": before, **dict(zip(_IDS, full, strict=True))}
            await execute_both(self._database, _REMOVING, _removing_posts, values)
            await self._database.write_back()
        return Removed(len(ids), cursors[-1] if len(found) == BATCH else None)

    async def shrink(self) -> bool:
        """Give some of the free space back to the disk. Return True if more is left."""
        has_more = await self._database.shrink()
        await self._database.write_back()
        return has_more


_IDS = tuple(f"row_{number}" for number in range(BATCH))
_AMONG = [placeholder(name) for name in _IDS]


def _needed(row: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row stays. It is never NULL."""
    return or_(*_reasons_to_stay(row))


def _reasons_to_stay(row: FromClause) -> Iterator[ColumnElement[bool]]:
    later, previous, other = (invocations.alias(name) for name in ("later", "previous", "other"))
    post = posts.alias("post")
    # Somebody works on it, or will.
    yield row.c.lease_until.is_not(None)
    yield row.c.status.in_([Status.RECEIVED, Status.STARTING])
    # Nobody knows whether it made a job. *Start anyway* takes its place, unless that made none.
    replaced = exists().where(later.c.previous_id == row.c.id, later.c.status.not_in(MADE_NO_JOB))
    yield and_(row.c.status == Status.UNKNOWN, ~replaced)
    # Its job runs, or has ended lately: the announcement has a button *Start again*.
    followed = [JobState.ACCEPTED, JobState.RUNNING]
    yield and_(row.c.job_state.is_not(None), row.c.job_state.in_(followed))
    yield and_(row.c.ended_at.is_not(None), row.c.ended_at >= placeholder("before"))
    # A message is to be sent or edited. A panel is edited whenever quick starts change.
    has_work = or_(post.c.next_attempt_at.is_not(None), post.c.purpose == Purpose.PANEL)
    yield exists().where(post.c.invocation_id == row.c.id, has_work)
    # It says that a button of an unknown start was used.
    is_of_unknown = exists().where(previous.c.id == row.c.previous_id, previous.c.status == Status.UNKNOWN)
    yield and_(row.c.previous_id.is_not(None), is_of_unknown)
    # It says that its job is not the one of an unknown start of the room. There are few of those, and the
    # subquery for their rooms is executed once.
    is_unknown = and_(other.c.status == Status.UNKNOWN, other.c.room_id.is_not(None))
    rooms = select(other.c.room_id).where(is_unknown)
    made_a_job = and_(row.c.action == Action.START, row.c.job_id.is_not(None), row.c.room_id.is_not(None))
    yield and_(made_a_job, row.c.room_id.in_(rooms))


_IS_OLD = invocations.c.created_at < placeholder("before")

_COUNT: Any = (
    select(func.count(), func.count(case((_needed(invocations), 1)))).select_from(invocations).where(_IS_OLD)
)

_NEXT = (
    select(invocations.c.id, invocations.c.created_at, case((_needed(invocations), 1), else_=0))
    .where(
        _IS_OLD,
        invocations.c.created_at >= placeholder("time"),
        or_(invocations.c.created_at > placeholder("time"), invocations.c.id > placeholder("row")),
    )
    .order_by(invocations.c.created_at, invocations.c.id)
    .limit(BATCH)
)

_REMOVING = delete(invocations).where(invocations.c.id.in_(_AMONG), _IS_OLD, ~_needed(invocations))


def _removing_posts(condition: ColumnElement[bool]) -> Any:
    """Return the statement that removes the posts of those rows that do not stay.

    On SQLite the rows are gone by now, and on PostgreSQL both statements see what was there before.
    """
    kept = invocations.alias("kept")
    stays = exists().where(kept.c.id == posts.c.invocation_id, _needed(kept))
    return delete(posts).where(posts.c.invocation_id.in_(_AMONG), condition, ~stays)
