"""The table of posts: what each message shows, what it should show, and which process delivers it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    insert,
    or_,
    select,
    update,
)

from bot.domain.invocation import Invocation, JobState
from bot.domain.post import Due, Post, Purpose
from bot.store.database import Database
from bot.store.rows import COLUMNS, invocation_of
from bot.store.statements import execute, execute_both, fetch, read
from bot.store.tables import invocations, posts

NAMES = tuple(field.name for field in fields(Post))
_POST = tuple(posts.c[name] for name in NAMES)
_PARENT = posts.alias("parent")
_ALL = (*_POST, *(_PARENT.c[name] for name in NAMES), *COLUMNS)

EDITED = (Purpose.ANNOUNCEMENT, Purpose.NOTIFICATION)
"""Posts that are edited when their job changes."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """The result of a delivery: where the message is, and what it shows.

    `note`: mark the invocation as announced. `end`: another post to add now.
    """

    at: datetime
    channel: str | None = None
    ts: str | None = None
    state: JobState | None = None
    note: bool = False
    end: Post | None = None


class Posts:
    """The table `posts`. Each method that writes is one commit. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: datetime, *, limit: int) -> list[Due]:
        """Return the posts that are due and not claimed, the longest due first."""
        return await self._all(_DUE, {"now": now, "limit": limit})

    async def held(self, invocation_id: str, lease: datetime) -> list[Due]:
        """Return the posts of an invocation that are claimed until `lease`."""
        return await self._all(_TAKEN, {"row_id": invocation_id, "until": lease})

    async def of(self, invocation_id: str) -> list[Post]:
        """Return all posts of an invocation, the oldest first."""
        found = select(*_POST).where(posts.c.invocation_id == invocation_id)
        rows = await fetch(self._database, found.order_by(posts.c.created_at, posts.c.id))
        return [_post_of(row) for row in rows]

    async def add(self, post: Post) -> None:
        """Add a post."""
        await execute(self._database, _ADDING, new_post(post))

    async def claim(self, post: Post, until: datetime) -> Post | None:
        """Claim a post. Return None if another process has claimed it, or if its revision has changed."""
        values = _identity(post) | {"until": until, "held": post.lease_until}
        statement = _CLAIMING_FREE if post.lease_until is None else _CLAIMING
        if await execute(self._database, statement, values | {"revision": post.revision}) == 0:
            return None
        return replace(post, lease_until=until)

    async def mark(self, post: Post, shown: Shown) -> bool:
        """Note the delivery. Return False if the claim is lost, or if the post has a newer revision."""
        return await self._mark(post, shown, {"revision": post.revision}, is_last=True)

    async def mark_and_keep(self, post: Post, shown: Shown, until: datetime) -> bool:
        """Note the delivery and keep the claim for the next one. Return False if the claim is lost."""
        return await self._mark(post, shown, {"until": until}, is_last=False)

    async def put_off(self, post: Post, at: datetime | None, *, failed: bool = True) -> None:
        """Release a post until its next attempt at `at` (None: never), if it is still claimed.

        If the post has a newer revision, that one stays due at its own time.
        """
        values = _identity(post) | {"held": post.lease_until, "revision": post.revision}
        values |= {"at": at, "attempts": post.attempts + failed}
        await execute(self._database, _PUTTING_OFF, values)

    async def show(
        self, invocation_id: str, state: JobState, facts: str, *, now: datetime, until: datetime
    ) -> None:
        """Note a job's state, unless a later one is known, and claim those of its posts that are free.

        If the job is over, `now` is stored as its end.
        """
        values = {"row_id": invocation_id, "state": state, "facts": facts, "now": now, "until": until}
        values["ended_at"] = now if state.is_over else None
        await execute_both(self._database, _moving_on(state), _showing, values)

    async def refresh(self, invocation_id: str, *, now: datetime, until: datetime) -> None:
        """Make a job's posts due again with a new revision, and claim those that are free."""
        values = {"row_id": invocation_id, "now": now, "until": until}
        await execute(self._database, _REFRESHING, values)

    async def _mark(self, post: Post, shown: Shown, more: Mapping[str, Any], *, is_last: bool) -> bool:
        values = _identity(post) | {
            "held": post.lease_until,
            "at": shown.at,
            "channel": shown.channel,
            "ts": shown.ts,
            "shown_state": shown.state,
            "invocation_id": post.invocation_id,
            **more,
        }
        statement = _marking(is_last=is_last)
        if shown.end:
            values |= new_post(shown.end)
            return await execute_both(self._database, statement, adding, values) > 0
        if shown.note:
            return await execute_both(self._database, statement, _noting, values) > 0
        return await execute(self._database, statement, values) > 0

    async def _all(self, query: Any, values: Mapping[str, Any]) -> list[Due]:
        return list(_due_of(await read(self._database, query, values)))


def new_post(post: Post) -> dict[str, Any]:
    """Return the values for `adding`."""
    return {f"post_{name}": getattr(post, name) for name in NAMES}


def adding(condition: ColumnElement[bool]) -> Any:
    """Return the statement that adds a post if the condition is true."""
    values = [_value(f"post_{name}", posts.c[name]) for name in NAMES]
    return insert(posts).from_select(NAMES, select(*values).where(condition))


def _value(name: str, column: Any = None) -> Any:
    """Return a placeholder, with the column's type if the database cannot infer it."""
    return bindparam(name, required=False, type_=None if column is None else column.type)


def _identity(post: Post) -> dict[str, Any]:
    return {"which_post": post.id}


_ADDING = insert(posts).values({name: _value(f"post_{name}") for name in NAMES})
_HELD = (posts.c.id == _value("which_post"), posts.c.lease_until == _value("held"))
_SAME_REVISION = posts.c.revision == _value("revision")

_CLAIMING = update(posts).where(*_HELD, _SAME_REVISION).values(lease_until=_value("until"))
_CLAIMING_FREE = (
    update(posts)
    .where(posts.c.id == _value("which_post"), posts.c.lease_until.is_(None), _SAME_REVISION)
    .where(posts.c.next_attempt_at.is_not(None))
    .values(lease_until=_value("until"))
)
_PUTTING_OFF = (
    update(posts)
    .where(*_HELD)
    .values(
        next_attempt_at=case(
            (_SAME_REVISION, _value("at", posts.c.next_attempt_at)), else_=posts.c.next_attempt_at
        ),
        attempts=case((_SAME_REVISION, _value("attempts", posts.c.attempts)), else_=posts.c.attempts),
        lease_until=None,
    )
)

_TAKING = {
    "revision": posts.c.revision + 1,
    "attempts": 0,
    "next_attempt_at": _value("now"),
    "lease_until": case(
        (posts.c.lease_until > _value("now", posts.c.lease_until), posts.c.lease_until),
        else_=_value("until", posts.c.lease_until),
    ),
}
"""Make a post due again. A process that is delivering it sees the new revision afterwards, and goes on."""

_OF_THE_JOB = and_(posts.c.invocation_id == _value("row_id"), posts.c.purpose.in_(EDITED))
_REFRESHING = update(posts).where(_OF_THE_JOB).values(_TAKING)


@cache
def _moving_on(state: JobState) -> Any:
    """Return the statement that stores a job's state in its start's row, unless the row has a later one."""
    earlier = [other for other in JobState if state.follows(other)]
    return (
        update(invocations)
        .where(invocations.c.id == _value("row_id"), invocations.c.job_state.in_(earlier))
        .values(job_state=_value("state"), ended_at=_value("ended_at"))
    )


def _showing(condition: ColumnElement[bool]) -> Any:
    wanted = {"state": _value("state"), "facts": _value("facts")}
    return update(posts).where(_OF_THE_JOB, condition).values(_TAKING | wanted)


@cache
def _marking(*, is_last: bool) -> Any:
    """Return the statement that notes what a post shows."""
    shown = {
        "channel": _value("channel"),
        "ts": _value("ts"),
        "shown_state": _value("shown_state"),
        "attempts": 0,
        "done_at": _value("at"),
    }
    if is_last:
        nothing_left = {"next_attempt_at": None, "lease_until": None}
        return update(posts).where(*_HELD, _SAME_REVISION).values(shown | nothing_left)
    return update(posts).where(*_HELD).values(shown | {"lease_until": _value("until")})


def _noting(condition: ColumnElement[bool]) -> Any:
    """Return the statement that marks an invocation as announced, and clears its response_url."""
    return (
        update(invocations)
        .where(invocations.c.id == _value("invocation_id"), condition)
        .values(
            announced_at=_value("at"),
            message_channel=_value("channel"),
            message_ts=_value("ts"),
            response_url=None,
        )
    )


def _reading() -> Any:
    joined = posts.join(invocations, invocations.c.id == posts.c.invocation_id)
    joined = joined.outerjoin(_PARENT, _PARENT.c.id == posts.c.thread_of)
    return select(*_ALL).select_from(joined).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)


_DUE = (
    _reading()
    .where(
        posts.c.next_attempt_at <= _value("now"),
        or_(posts.c.lease_until.is_(None), posts.c.lease_until <= _value("now")),
    )
    .order_by(posts.c.next_attempt_at)
    .limit(bindparam("limit", required=False, type_=Integer()))
)
_TAKEN = _reading().where(posts.c.invocation_id == _value("row_id"), posts.c.lease_until == _value("until"))


def _due_of(rows: Iterable[Sequence[Any]]) -> Iterable[Due]:
    for row in rows:
        try:
            post, parent = _post_of(row[: len(NAMES)]), row[len(NAMES) : 2 * len(NAMES)]
            invocation: Invocation = invocation_of(row[2 * len(NAMES) :])
            yield Due(post, invocation, _post_of(parent) if parent[0] else None)
        except ValueError as error:
            _log.error("a post cannot be read", post_id=row[0], reason=str(error))


def _post_of(row: Any) -> Post:
    values = dict(zip(NAMES, row, strict=True))
    values["purpose"] = Purpose(values["purpose"])
    for name in ("state", "shown_state"):
        values[name] = values[name] and JobState(values[name])
    return Post(**values)
