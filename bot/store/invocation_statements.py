"""The statements of the invocation log. Each is built once, with placeholders for its values."""

from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    Select,
    and_,
    exists,
    or_,
    select,
    true,
    update,
)

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, RoomInvocation, Status
from bot.store.duplicates import Duplicates, same
from bot.store.rows import COLUMNS, NAMES
from bot.store.statements import insert_into, placeholder
from bot.store.tables import followed, invocations, is_allowed_start, is_open


@cache
def by_unique(column: str) -> Select[Any]:
    """Return the query for the row with a value in a unique column."""
    return select(*COLUMNS).where(invocations.c[column] == placeholder("value")).limit(1)


class Viewing(NamedTuple):
    """What `seen` depends on: whether a person's channel and team are known, and if they are from outside."""

    has_channel: bool
    has_team: bool
    is_foreign: bool

    @classmethod
    def of(cls, asking: Invocation) -> Self:
        """Return it for the person of an invocation."""
        who = asking.origin
        return cls(who.channel_id is not None, who.team_id is not None, who.foreign_team_id is not None)


def viewer(asking: Invocation) -> dict[str, Any]:
    """Return the values of `seen`."""
    who = asking.origin
    return {"user": who.user_id, "channel": who.channel_id, "team": who.team_id}


def seen(viewing: Viewing) -> ColumnElement[bool]:
    """Return `Invocation.is_visible_to` in SQL. A channel without a kind counts as private."""
    visible: ColumnElement[bool] = invocations.c.user_id == placeholder("user")
    if viewing.has_channel:
        visible |= invocations.c.channel_id == placeholder("channel")
    if not viewing.is_foreign:
        is_public = invocations.c.channel_kind == ChannelKind.PUBLIC
        team_id = invocations.c.team_id
        in_team = or_(team_id.is_(None), team_id == placeholder("team")) if viewing.has_team else true()
        visible |= and_(is_public, in_team)
    return visible


LAST_START = (
    select(*COLUMNS)
    .where(
        is_allowed_start,
        invocations.c.channel_id == placeholder("channel"),
    )
    .order_by(invocations.c.created_at.desc())
    .limit(1)
)

LAST_START_OF = (
    select(*COLUMNS)
    .where(is_allowed_start, invocations.c.user_id == placeholder("user"))
    .order_by(invocations.c.created_at.desc())
    .limit(1)
)


def running_in_room(asked: RoomInvocation) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query for the jobs of the same wish that run in a room, and its values."""
    optional = {"team": asked.origin.team_id, "client": asked.request.client_id}
    given = {name: value for name, value in optional.items() if value is not None}
    return _running_in_room(frozenset(given)), {"room": asked.request.room_id, **given}


@cache
def _running_in_room(given: frozenset[str]) -> Select[Any]:
    """Return the query, unsorted: the jobs are few, and ORDER BY would keep SQLite from their index."""
    return select(*COLUMNS).where(
        followed,
        invocations.c.room_id == placeholder("room"),
        invocations.c.action == Action.START,
        same("team_id", "team", given),
        same("client_id", "client", given),
    )


HOLDING_ROOM = select(*COLUMNS).where(
    followed,
    invocations.c.room_id == placeholder("room"),
    invocations.c.action == Action.START,
)

STARTS_OF_JOB = select(*COLUMNS).where(
    invocations.c.job_id == placeholder("job"),
    invocations.c.action == Action.START,
    invocations.c.status == Status.STARTED,
)

STOP_OF_JOB = (
    select(*COLUMNS)
    .where(
        invocations.c.job_id == placeholder("job"),
        invocations.c.action == Action.STOP,
        invocations.c.status == Status.DONE,
        invocations.c.job_state == JobState.STOPPED,
    )
    .order_by(invocations.c.created_at)
    .limit(1)
)


@lru_cache(maxsize=64)
def known_jobs(number: int) -> Select[Any]:
    """Return the query for those of so many jobs that belong to a start."""
    sought = [placeholder(f"job_{each}") for each in range(number)]
    made = (invocations.c.job_id.in_(sought), invocations.c.action == Action.START)
    return select(invocations.c.job_id).where(*made)


OTHER_UNKNOWN_STARTS = select(*COLUMNS).where(
    is_open,
    invocations.c.room_id == placeholder("room"),
    invocations.c.id != placeholder("own_id"),
    invocations.c.action == Action.START,
    invocations.c.status != Status.RECEIVED,
)

OVERDUE = (
    select(*COLUMNS)
    .where(invocations.c.lease_until <= placeholder("now"))
    .order_by(invocations.c.lease_until)
    .limit(placeholder("most", Integer()))
)

BRINGING_BACK = (
    update(invocations)
    .where(
        invocations.c.id.in_(
            select(invocations.c.id)
            .where(invocations.c.lease_until > placeholder("far"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(lease_until=placeholder("now"))
)
"""A row that somebody writes at this moment is left for the next time."""

RELEASING = (
    update(invocations)
    .where(invocations.c.id == placeholder("row_id"), invocations.c.lease_until.is_not(None))
    .values(lease_until=placeholder("new_lease"))
)


def claim_of(invocation: Invocation, until: datetime | None) -> tuple[Any, dict[str, Any]]:
    """Return the statement that claims a row, and its values."""
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
            invocations.c.id == placeholder("row_id"),
            invocations.c.status == placeholder("old_status"),
            lease.is_(None) if is_free else lease == placeholder("old_lease"),
        )
        .values(lease_until=placeholder("new_lease"))
    )


@cache
def recording(dialect: Dialect, others: tuple[Select[Any], ...], *, is_next: bool) -> Any:
    """Return the statement that adds a row.

    It adds none if the same delivery or the same button has one, or if one of the queries `others` finds a
    row.
    """
    statement = insert_into(invocations, dialect)
    row = {name: placeholder(f"new_{name}", invocations.c[name].type) for name in NAMES}
    if not others:
        statement = statement.values(row)
    else:
        is_new = (~exists(query) for query in others)
        statement = statement.from_select(NAMES, select(*row.values()).where(*is_new))
    return statement.on_conflict_do_nothing(index_elements=None if is_next else ["trigger_id"])


@cache
def advancing(facts: frozenset[str]) -> Any:
    """Return the statement that changes a row's status and the facts of these names."""
    return (
        update(invocations)
        .where(invocations.c.id == placeholder("row_id"), invocations.c.status == placeholder("old_status"))
        .values({name: placeholder(f"new_{name}") for name in ("status", *sorted(facts))})
    )


@cache
def adopting(facts: frozenset[str]) -> Any:
    """Return the statement of `advancing` with the condition that the job belongs to no start."""
    start = invocations.alias("start")
    is_somebodys = exists().where(start.c.job_id == placeholder("new_job_id"), start.c.action == Action.START)
    return advancing(facts).where(~is_somebodys)


@cache
def finding_room(columns: frozenset[str], duplicates: Duplicates) -> Any:
    """Return the statement of `advancing` with the condition that the start is not a duplicate."""
    is_new = (~exists(query.correlate(None)) for query in duplicates)
    return advancing(columns).where(*is_new)
