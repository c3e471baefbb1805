"""The table of posts: what each message shows, what it should show, and which process delivers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    ColumnElement,
    Integer,
    and_,
    case,
    exists,
    insert,
    or_,
    select,
    text,
    update,
)

from bot.domain.invocation import JobState
from bot.domain.post import Due, Post, Purpose
from bot.store.database import Database
from bot.store.rows import COLUMNS, check_times, invocation_of, times_in
from bot.store.statements import execute, execute_both, fetch, placeholder, read
from bot.store.tables import FAR_AHEAD, invocations, posts
from bot.store.unreadable import Unreadable

NAMES = tuple(field.name for field in fields(Post))
_POST = tuple(posts.c[name] for name in NAMES)
_TIMES = times_in(posts)
_PARENT = posts.alias("parent")
_ALL = (*_POST, *(_PARENT.c[name] for name in NAMES), *COLUMNS)

EDITED = (Purpose.ANNOUNCEMENT, Purpose.NOTIFICATION, Purpose.PANEL)
"""Posts that are edited when their job changes."""


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
        self._unreadable = Unreadable("a post cannot be read", "post_id")

    async def due(self, now: datetime, *, limit: int) -> list[Due]:
        """Return the posts that are due and not claimed, the longest due first."""

        async def at_most(number: int) -> Sequence[Sequence[Any]]:
            return await read(self._database, _DUE, {"now": now, "limit": number})

        return await self._unreadable.first(limit, at_most, _due_of)

    async def held(self, invocation_id: str, lease: datetime) -> list[Due]:
        """Return the posts of an invocation that are claimed until `lease`."""
        return await self._all(_TAKEN, {"row_id": invocation_id, "until": lease})

    async def of(self, invocation_id: str) -> list[Post]:
        """Return all posts of an invocation, the oldest first."""
        found = select(*_POST).where(posts.c.invocation_id == invocation_id)
        rows = await fetch(self._database, found.order_by(posts.c.created_at, posts.c.id))
        return self._unreadable.left_out(rows, _post_of)

    async def bring_back(self, now: datetime, *, beyond: timedelta = FAR_AHEAD) -> None:
        """Let no post wait for a time further ahead: a clock was set back since that was noted."""
        await execute(self._database, _BRINGING_BACK, {"now": now, "far": now + beyond})

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

    async def mark_and_keep(self, post: Post, shown: Shown, until: datetime | None) -> bool:
        """Note the delivery and keep the claim for the next one (None: release it).

        Return False if the claim is lost.
        """
        return await self._mark(post, shown, {"until": until}, is_last=False)

    async def put_off(self, post: Post, at: datetime | None, *, failed: bool = True) -> None:
        """Release a post until its next attempt at `at` (None: never), if it is still claimed.

        If the post has a newer revision, that one stays due at its own time.
        """
        values = _identity(post) | {"held": post.lease_until, "revision": post.revision}
        values |= {"at": at, "attempts": post.attempts + failed}
        await execute(self._database, _PUTTING_OFF, values)

    async def release(self, invocation_id: str, lease: datetime) -> None:
        """Let anybody have an invocation's posts that are taken until then."""
        await execute(self._database, _RELEASING, {"row_id": invocation_id, "held": lease})

    async def show(
        self, invocation_id: str, state: JobState, facts: str, *, now: datetime, until: datetime | None
    ) -> None:
        """Note a job's state, unless a later one is known, and claim those of its posts that are free.

        If the job is over, `now` is stored as its end.

        Args:
            until: how long the posts are claimed for (None: not at all).
        """
        values = {"row_id": invocation_id, "state": state, "facts": facts, "now": now, "until": until}
        values["ended_at"] = now if state.is_over else None
        await execute_both(self._database, _moving_on(state), _showing, values)

    async def refresh(self, invocation_id: str, *, now: datetime, until: datetime | None) -> None:
        """Make a job's posts due again with a new revision, and claim those that are free, as `show` does."""
        values = {"row_id": invocation_id, "invocation_id": invocation_id, "now": now, "until": until}
        await execute(self._database, _REFRESHING, values)

    async def refresh_panels(self, channel: str | None, *, now: datetime) -> None:
        """Make the panels of a channel due again (None: all panels)."""
        statement = _refreshing_panels(has_channel=channel is not None)
        await execute(self._database, statement, {"now": now, "channel": channel})

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
        statement = _marking(is_last=is_last, notes=shown.note)
        if shown.end:
            values |= new_post(shown.end)
            return await execute_both(self._database, statement, adding, values) > 0
        if shown.note:
            return await execute_both(self._database, statement, _noting, values) > 0
        return await execute(self._database, statement, values) > 0

    async def _all(self, query: Any, values: Mapping[str, Any]) -> list[Due]:
        return self._unreadable.left_out(await read(self._database, query, values), _due_of)


def new_post(post: Post) -> dict[str, Any]:
    """Return the values for `adding`."""
    return {f"post_{name}": getattr(post, name) for name in NAMES}


def adding(condition: ColumnElement[bool]) -> Any:
    """Return the statement that adds a post if the condition is true."""
    values = [placeholder(f"post_{name}", posts.c[name].type) for name in NAMES]
    return insert(posts).from_select(NAMES, select(*values).where(condition))


def _identity(post: Post) -> dict[str, Any]:
    return {"which_post": post.id}


_ADDING = insert(posts).values({name: placeholder(f"post_{name}") for name in NAMES})
_LOCKED = exists(
    select(invocations.c.id)
    .where(invocations.c.id == placeholder("invocation_id"))
    .with_for_update()
    .cte("locked")
    .select()
)
"""Lock the row of the invocation first. So does whoever writes more than one row, and so none waits for
another that waits for it. SQLite has one writer anyway."""

_HELD = (posts.c.id == placeholder("which_post"), posts.c.lease_until == placeholder("held"))
_SAME_REVISION = posts.c.revision == placeholder("revision")

_CLAIMING = update(posts).where(*_HELD, _SAME_REVISION).values(lease_until=placeholder("until"))
_CLAIMING_FREE = (
    update(posts)
    .where(posts.c.id == placeholder("which_post"), posts.c.lease_until.is_(None), _SAME_REVISION)
    .where(posts.c.next_attempt_at.is_not(None))
    .values(lease_until=placeholder("until"))
)
_PUTTING_OFF = (
    update(posts)
    .where(*_HELD)
    .values(
        next_attempt_at=case(
            (_SAME_REVISION, placeholder("at", posts.c.next_attempt_at.type)), else_=posts.c.next_attempt_at
        ),
        attempts=case(
            (_SAME_REVISION, placeholder("attempts", posts.c.attempts.type)), else_=posts.c.attempts
        ),
        lease_until=None,
    )
)
_RELEASING = (
    update(posts)
    .where(posts.c.invocation_id == placeholder("row_id"), posts.c.lease_until == placeholder("held"))
    .values(lease_until=None)
)


def _brought_back(name: str) -> Any:
    column = posts.c[name]
    return case((column > placeholder("far", column.type), placeholder("now", column.type)), else_=column)


_BRINGING_BACK = (
    update(posts)
    .where(
        posts.c.id.in_(
            select(posts.c.id)
            .where(
                posts.c.next_attempt_at.is_not(None),
                or_(posts.c.next_attempt_at > placeholder("far"), posts.c.lease_until > placeholder("far")),
            )
            .with_for_update(skip_locked=True)
        )
    )
    .values({name: _brought_back(name) for name in ("next_attempt_at", "lease_until")})
)
"""What somebody is writing at this moment is left for the next time: nobody waits for all the rest."""

_TAKING = {
    "revision": posts.c.revision + 1,
    "attempts": 0,
    "next_attempt_at": placeholder("now"),
    "lease_until": case(
        (posts.c.lease_until > placeholder("now", posts.c.lease_until.type), posts.c.lease_until),
        else_=placeholder("until", posts.c.lease_until.type),
    ),
}
"""Make a post due again. A process that is delivering it sees the new revision afterwards, and goes on."""

_OF_THE_JOB = and_(posts.c.invocation_id == placeholder("row_id"), posts.c.purpose.in_(EDITED))
_REFRESHING = update(posts).where(_OF_THE_JOB, _LOCKED).values(_TAKING)


@cache
def _refreshing_panels(*, has_channel: bool) -> Any:
    wanted = {name: value for name, value in _TAKING.items() if name != "lease_until"}
    statement = update(posts).where(text("purpose = 'panel'")).values(wanted)
    return statement.where(posts.c.channel == placeholder("channel")) if has_channel else statement


@cache
def _moving_on(state: JobState) -> Any:
    """Return the statement that stores a job's state in its start's row, unless the row has a later one."""
    earlier = [other for other in JobState if state.follows(other)]
    return (
        update(invocations)
        .where(invocations.c.id == placeholder("row_id"), invocations.c.job_state.in_(earlier))
        .values(job_state=placeholder("state"), ended_at=placeholder("ended_at"))
    )


def _showing(condition: ColumnElement[bool]) -> Any:
    wanted = {"state": placeholder("state"), "facts": placeholder("facts")}
    return update(posts).where(_OF_THE_JOB, condition).values(_TAKING | wanted)


@cache
def _marking(*, is_last: bool, notes: bool) -> Any:
    """Return the statement that notes what a post shows. A second one then `notes` it in the invocation."""
    shown = {
        "channel": placeholder("channel"),
        "ts": placeholder("ts"),
        "shown_state": placeholder("shown_state"),
        "attempts": 0,
        "done_at": placeholder("at"),
    }
    held = (*_HELD, _LOCKED) if notes else _HELD
    if is_last:
        nothing_left = {"next_attempt_at": None, "lease_until": None}
        return update(posts).where(*held, _SAME_REVISION).values(shown | nothing_left)
    return update(posts).where(*held).values(shown | {"lease_until": placeholder("until")})


def _noting(condition: ColumnElement[bool]) -> Any:
    """Return the statement that marks an invocation as announced, and clears its response_url."""
    return (
        update(invocations)
        .where(invocations.c.id == placeholder("invocation_id"), condition)
        .values(
            announced_at=placeholder("at"),
            message_channel=placeholder("channel"),
            message_ts=placeholder("ts"),
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
        posts.c.next_attempt_at <= placeholder("now"),
        or_(posts.c.lease_until.is_(None), posts.c.lease_until <= placeholder("now")),
    )
    .order_by(posts.c.next_attempt_at)
    .limit(placeholder("limit", Integer()))
)
_TAKEN = _reading().where(
    posts.c.invocation_id == placeholder("row_id"), posts.c.lease_until == placeholder("until")
)


def _due_of(row: Sequence[Any]) -> Due:
    post, parent = row[: len(NAMES)], row[len(NAMES) : 2 * len(NAMES)]
    invocation = invocation_of(row[2 * len(NAMES) :])
    return Due(_post_of(post), invocation, _post_of(parent) if parent[0] else None)


def _post_of(row: Sequence[Any]) -> Post:
    values = dict(zip(NAMES, row, strict=True))
    check_times(values, _TIMES)
    values["purpose"] = Purpose(values["purpose"])
    for name in ("state", "shown_state"):
        values[name] = None if values[name] is None else JobState(values[name])
    return Post(**values)
