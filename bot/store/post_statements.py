"""The statements of the table of posts. Each is built once, with placeholders for its values."""

from dataclasses import fields
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
from bot.domain.post import EDITED, Post
from bot.store.rows import COLUMNS
from bot.store.statements import placeholder
from bot.store.tables import invocations, posts

NAMES = tuple(field.name for field in fields(Post))
POST = tuple(posts.c[name] for name in NAMES)
_PARENT = posts.alias("parent")
_ALL = (*POST, *(_PARENT.c[name] for name in NAMES), *COLUMNS)


def new_post(post: Post) -> dict[str, Any]:
    """Return the values for `adding`."""
    return {f"post_{name}": getattr(post, name) for name in NAMES}


def adding(condition: ColumnElement[bool]) -> Any:
    """Return the statement that adds a post if the condition is true."""
    values = [placeholder(f"post_{name}", posts.c[name].type) for name in NAMES]
    return insert(posts).from_select(NAMES, select(*values).where(condition))


ADDING = insert(posts).values({name: placeholder(f"post_{name}") for name in NAMES})
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

CLAIMING = update(posts).where(*_HELD, _SAME_REVISION).values(lease_until=placeholder("until"))
CLAIMING_FREE = (
    update(posts)
    .where(posts.c.id == placeholder("which_post"), posts.c.lease_until.is_(None), _SAME_REVISION)
    .where(posts.c.next_attempt_at.is_not(None))
    .values(lease_until=placeholder("until"))
)
PUTTING_OFF = (
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
RELEASING = (
    update(posts)
    .where(posts.c.invocation_id == placeholder("row_id"), posts.c.lease_until == placeholder("held"))
    .values(lease_until=None)
)


def _brought_back(name: str) -> Any:
    column = posts.c[name]
    return case((column > placeholder("far", column.type), placeholder("now", column.type)), else_=column)


BRINGING_BACK = (
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
REFRESHING = update(posts).where(_OF_THE_JOB, _LOCKED).values(_TAKING)


@cache
def refreshing_panels(*, has_channel: bool) -> Any:
    wanted = {name: value for name, value in _TAKING.items() if name != "lease_until"}
    statement = update(posts).where(text("purpose = 'panel'")).values(wanted)
    return statement.where(posts.c.channel == placeholder("channel")) if has_channel else statement


@cache
def moving_on(state: JobState) -> Any:
    """Return the statement that stores a job's state in its start's row, unless the row has a later one."""
    earlier = [other for other in JobState if state.follows(other)]
    return (
        update(invocations)
        .where(invocations.c.id == placeholder("row_id"), invocations.c.job_state.in_(earlier))
        .values(job_state=placeholder("state"), ended_at=placeholder("ended_at"))
    )


def showing(condition: ColumnElement[bool]) -> Any:
    wanted = {"state": placeholder("state"), "facts": placeholder("facts")}
    return update(posts).where(_OF_THE_JOB, condition).values(_TAKING | wanted)


@cache
def marking(*, is_last: bool, notes: bool) -> Any:
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


def noting(condition: ColumnElement[bool]) -> Any:
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


DUE = (
    _reading()
    .where(
        posts.c.next_attempt_at <= placeholder("now"),
        or_(posts.c.lease_until.is_(None), posts.c.lease_until <= placeholder("now")),
    )
    .order_by(posts.c.next_attempt_at)
    .limit(placeholder("limit", Integer()))
)
TAKEN = _reading().where(
    posts.c.invocation_id == placeholder("row_id"), posts.c.lease_until == placeholder("until")
)
