"""The table of posts: what each message shows, what it should show, and which process delivers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    select,
)

from bot.domain.invocation import JobState
from bot.domain.post import Due, Post, Purpose
from bot.store import post_statements as sql
from bot.store.database import Database
from bot.store.post_statements import NAMES, POST
from bot.store.rows import check_times, invocation_of, times_in
from bot.store.statements import execute, execute_both, fetch, read
from bot.store.tables import FAR_AHEAD, posts
from bot.store.unreadable import Unreadable

_TIMES = times_in(posts)


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
            return await read(self._database, sql.DUE, {"now": now, "limit": number})

        return await self._unreadable.first(limit, at_most, _due_of)

    async def held(self, invocation_id: str, lease: datetime) -> list[Due]:
        """Return the posts of an invocation that are claimed until `lease`."""
        return await self._all(sql.TAKEN, {"row_id": invocation_id, "until": lease})

    async def of(self, invocation_id: str) -> list[Post]:
        """Return all posts of an invocation, the oldest first."""
        found = select(*POST).where(posts.c.invocation_id == invocation_id)
        rows = await fetch(self._database, found.order_by(posts.c.created_at, posts.c.id))
        return self._unreadable.left_out(rows, _post_of)

    async def bring_back(self, now: datetime, *, beyond: timedelta = FAR_AHEAD) -> None:
        """Let no post wait for a time further ahead: a clock was set back since that was noted."""
        await execute(self._database, sql.BRINGING_BACK, {"now": now, "far": now + beyond})

    async def add(self, post: Post) -> None:
        """Add a post."""
        await execute(self._database, sql.ADDING, sql.new_post(post))

    async def claim(self, post: Post, until: datetime) -> Post | None:
        """Claim a post. Return None if another process has claimed it, or if its revision has changed."""
        values = _identity(post) | {"until": until, "held": post.lease_until}
        statement = sql.CLAIMING_FREE if post.lease_until is None else sql.CLAIMING
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
        await execute(self._database, sql.PUTTING_OFF, values)

    async def release(self, invocation_id: str, lease: datetime) -> None:
        """Let anybody have an invocation's posts that are taken until then."""
        await execute(self._database, sql.RELEASING, {"row_id": invocation_id, "held": lease})

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
        await execute_both(self._database, sql.moving_on(state), sql.showing, values)

    async def refresh(self, invocation_id: str, *, now: datetime, until: datetime | None) -> None:
        """Make a job's posts due again with a new revision, and claim those that are free, as `show` does."""
        values = {"row_id": invocation_id, "invocation_id": invocation_id, "now": now, "until": until}
        await execute(self._database, sql.REFRESHING, values)

    async def refresh_panels(self, channel: str | None, *, now: datetime) -> None:
        """Make the panels of a channel due again (None: all panels)."""
        statement = sql.refreshing_panels(has_channel=channel is not None)
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
        statement = sql.marking(is_last=is_last, notes=shown.note)
        if shown.end:
            values |= sql.new_post(shown.end)
            return await execute_both(self._database, statement, sql.adding, values) > 0
        if shown.note:
            return await execute_both(self._database, statement, sql.noting, values) > 0
        return await execute(self._database, statement, values) > 0

    async def _all(self, query: Any, values: Mapping[str, Any]) -> list[Due]:
        return self._unreadable.left_out(await read(self._database, query, values), _due_of)


def _identity(post: Post) -> dict[str, Any]:
    return {"which_post": post.id}


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
