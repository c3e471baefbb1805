"""The posts: each change and each delivery is one commit, and one process at a time can claim a post."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.domain.invocation import Invocation, JobState, Status
from bot.domain.post import Post, Purpose
from bot.errors import DatabaseUnavailable
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import inherit
from bot.store.posts import Posts, Shown
from bot.store.tables import FAR_AHEAD
from tests.fakes import flat
from tests.steps import adopting, step_to
from tests.store.conftest import NOON

LEASE = NOON + timedelta(seconds=40)
LATER = NOON + timedelta(seconds=41)
AnInvocation = Callable[..., Invocation]


@pytest.fixture
def posts(database: Database) -> Posts:
    return Posts(database)


def a_post(row: Invocation, **changes: Any) -> Post:
    """Return an announcement that is claimed."""
    values: dict[str, Any] = {
        "id": f"post of {row.id}",
        "invocation_id": row.id,
        "job_id": flat(row).job_id,
        "purpose": Purpose.ANNOUNCEMENT,
        "created_at": NOON,
        "next_attempt_at": NOON,
        "lease_until": LEASE,
    }
    return Post(**(values | changes))


@pytest.fixture
async def start(log: Invocations, an_invocation: AnInvocation) -> Invocation:
    """Add a start that waits for its answer."""
    row = an_invocation(status=Status.STARTING, response_url="https://a")
    await log.record(row)
    return row


@pytest.fixture
async def announced(log: Invocations, posts: Posts, start: Invocation) -> Post:
    """Add the announcement of a job, which is in a channel."""
    post = a_post(start, job_id="job-1")
    started = await log.advance(start, step_to(Status.STARTED), post=post)
    assert started is not None
    assert await posts.mark(post, Shown(NOON, "C1", "1.2", JobState.ACCEPTED, note=True))
    [stands] = await posts.of(start.id)
    return stands


async def test_an_outcome_and_what_is_to_be_said_of_it_are_one_commit(
    log: Invocations, posts: Posts, start: Invocation
) -> None:
    post = a_post(start)
    started = await log.advance(start, step_to(Status.STARTED), post=post)

    assert started == await log.get(start.id)
    assert await posts.of(start.id) == [post]


async def test_a_step_that_another_process_has_taken_adds_no_post(
    log: Invocations, posts: Posts, start: Invocation
) -> None:
    await log.advance(start, step_to(Status.UNKNOWN))
    assert await log.advance(start, step_to(Status.FAILED), post=a_post(start)) is None
    assert await posts.of(start.id) == []


async def test_where_the_post_cannot_be_added_the_step_is_not_taken(
    log: Invocations, posts: Posts, start: Invocation
) -> None:
    await posts.add(a_post(start))
    with pytest.raises(DatabaseUnavailable):
        await log.advance(start, step_to(Status.FAILED), post=a_post(start))
    assert await log.get(start.id) == start


async def test_of_many_steps_at_once_each_has_its_post(
    log: Invocations, posts: Posts, an_invocation: AnInvocation
) -> None:
    rows = [an_invocation() for _ in range(12)]
    for row in rows:
        await log.record(row)
    await posts.add(a_post(rows[5]))
    moved = await asyncio.gather(
        *(log.advance(row, step_to(Status.FAILED), post=a_post(row)) for row in rows), return_exceptions=True
    )
    assert isinstance(moved.pop(5), DatabaseUnavailable)
    assert all(isinstance(row, Invocation) for row in moved)
    assert [len(await posts.of(row.id)) for row in rows] == [1] * 12


async def test_an_adopted_job_has_its_announcement_unless_it_is_somebodys(
    log: Invocations, posts: Posts, an_invocation: AnInvocation
) -> None:
    one, other = an_invocation(status=Status.UNKNOWN), an_invocation(status=Status.UNKNOWN)
    await log.record(one)
    await log.record(other)
    assert await log.adopt(one, adopting(), post=a_post(one))
    assert await log.adopt(other, adopting(), post=a_post(other)) is None
    assert len(await posts.of(one.id)) == 1
    assert await posts.of(other.id) == []


async def test_a_row_is_left_to_its_post_by_who_has_it_alone(
    log: Invocations, posts: Posts, an_invocation: AnInvocation
) -> None:
    row = an_invocation(status=Status.UNKNOWN, lease_until=LEASE)
    await log.record(row)
    stale = replace(row, lease_until=NOON)
    assert await log.leave_to_post(stale, a_post(row)) is None
    assert (
        await log.leave_to_post(row, a_post(row)) == replace(row, lease_until=None) == await log.get(row.id)
    )
    assert len(await posts.of(row.id)) == 1


async def test_what_was_announced_is_noted_with_its_place_and_the_response_url_goes(
    log: Invocations, announced: Post
) -> None:
    assert announced == replace(
        announced,
        channel="C1",
        ts="1.2",
        shown_state=JobState.ACCEPTED,
        done_at=NOON,
        next_attempt_at=None,
        lease_until=None,
    )
    row = await log.get(announced.invocation_id)
    assert row is not None
    assert (row.told.announced_at, row.told.channel, row.told.ts) == (NOON, "C1", "1.2")
    assert row.origin.response_url is None


async def test_who_does_not_have_a_post_any_more_marks_nothing(
    log: Invocations, posts: Posts, start: Invocation
) -> None:
    post = a_post(start)
    await posts.add(post)
    assert await posts.claim(post, LATER)
    for stale in (
        await posts.mark(post, Shown(NOON, "C1", "1.2", note=True)),
        await posts.mark_and_keep(post, Shown(NOON, "C1", "1.2", note=True), LATER),
    ):
        assert stale is False
    await posts.put_off(post, None)
    assert await posts.of(start.id) == [replace(post, lease_until=LATER)]
    assert await log.get(start.id) == start


async def test_only_what_is_due_and_free_is_found_the_longest_due_first(
    posts: Posts, start: Invocation
) -> None:
    second = timedelta(seconds=1)
    posts_there: dict[str, dict[str, Any]] = {
        "free": {"lease_until": None},
        "left behind": {"lease_until": NOON, "next_attempt_at": NOON - second},
        "held": {},
        "later": {"lease_until": None, "next_attempt_at": NOON + second},
        "done": {"lease_until": None, "next_attempt_at": None},
    }
    for name, changes in posts_there.items():
        await posts.add(a_post(start, id=name, **changes))

    due = await posts.due(NOON, limit=10)
    assert [each.post.id for each in due] == ["left behind", "free"]
    assert {each.invocation.id for each in due} == {start.id}
    assert [each.post.id for each in await posts.due(NOON, limit=1)] == ["left behind"]


@pytest.mark.parametrize("lease", [None, NOON], ids=["free", "left behind"])
async def test_of_many_who_want_a_post_one_has_it(
    logs: list[Invocations], posts: Posts, start: Invocation, lease: Any
) -> None:
    post = a_post(start, lease_until=lease)
    await posts.add(post)
    tries = [
        Posts(log._database).claim(post, LATER + timedelta(milliseconds=number))
        for number, log in enumerate(logs)
    ]
    claimed = [each for each in await asyncio.gather(*tries) if each]
    assert claimed == await posts.of(start.id)


async def test_a_post_with_nothing_left_to_do_is_not_taken(posts: Posts, announced: Post) -> None:
    assert await posts.claim(announced, LEASE) is None


async def test_a_failure_is_counted_and_the_next_attempt_is_for_anybody(
    posts: Posts, start: Invocation
) -> None:
    post = a_post(start)
    await posts.add(post)
    await posts.put_off(post, LATER)
    assert await posts.of(start.id) == [replace(post, attempts=1, next_attempt_at=LATER, lease_until=None)]


async def test_a_new_state_is_in_the_row_and_due_in_each_post_of_the_job(
    log: Invocations, posts: Posts, announced: Post
) -> None:
    row = await log.get(announced.invocation_id)
    assert row is not None
    told = a_post(row, id="notification", purpose=Purpose.NOTIFICATION, attempts=3, lease_until=None)
    private = a_post(row, id="private", purpose=Purpose.PRIVATE, lease_until=None)
    await posts.add(told)
    await posts.add(private)
    await posts.show(row.id, JobState.ENDED, '{"seconds":5}', now=NOON, until=LEASE)

    ended = await log.get(row.id)
    assert ended is not None
    assert (flat(ended).job_state, flat(ended).ended_at) == (JobState.ENDED, NOON)
    held = {each.post.id: each.post for each in await posts.held(row.id, LEASE)}
    assert held.keys() == {announced.id, told.id}
    for post in held.values():
        assert (post.state, post.facts) == (JobState.ENDED, '{"seconds":5}')
        assert (post.revision, post.attempts, post.next_attempt_at) == (1, 0, NOON)
    assert held[announced.id].shown_state is JobState.ACCEPTED


async def test_a_state_that_comes_late_turns_nothing_back(
    log: Invocations, posts: Posts, announced: Post
) -> None:
    await posts.show(announced.invocation_id, JobState.ENDED, "{}", now=NOON, until=LEASE)
    before = await posts.of(announced.invocation_id)
    await posts.show(announced.invocation_id, JobState.RUNNING, "{}", now=NOON, until=LATER)
    assert await posts.of(announced.invocation_id) == before


async def test_what_is_wanted_while_somebody_is_at_it_is_left_to_them(posts: Posts, announced: Post) -> None:
    await posts.refresh(announced.invocation_id, now=NOON, until=LEASE)
    [held] = await posts.held(announced.invocation_id, LEASE)
    await posts.show(announced.invocation_id, JobState.RUNNING, "{}", now=NOON, until=LATER)
    assert await posts.held(announced.invocation_id, LATER) == []

    shown = Shown(NOON, "C1", "1.2", JobState.ACCEPTED)
    assert not await posts.mark(held.post, shown)
    assert await posts.mark_and_keep(held.post, shown, LATER)
    [kept] = await posts.held(announced.invocation_id, LATER)
    assert (kept.post.state, kept.post.next_attempt_at) == (JobState.RUNNING, NOON)
    assert await posts.mark(kept.post, replace(shown, state=JobState.RUNNING))
    assert await posts.due(LATER, limit=10) == []


async def test_with_the_last_edit_the_line_in_the_thread_is_due(posts: Posts, announced: Post) -> None:
    await posts.refresh(announced.invocation_id, now=NOON, until=LEASE)
    [held] = await posts.held(announced.invocation_id, LEASE)
    line = replace(
        held.post, id="line", purpose=Purpose.THREAD, thread_of=announced.id, channel=None, ts=None
    )
    assert await posts.mark(held.post, Shown(NOON, "C1", "1.2", JobState.ENDED, end=line))

    [due] = await posts.due(LATER, limit=10)
    assert due.post == line
    assert due.parent is not None
    assert (due.parent.channel, due.parent.ts) == ("C1", "1.2")


async def test_a_new_process_has_at_once_what_the_last_one_had_in_hand(
    database: Database, posts: Posts, start: Invocation
) -> None:
    await posts.add(a_post(start))
    await inherit(database, NOON)
    assert len(await posts.due(NOON, limit=10)) == (database.dialect.name == "sqlite")


@pytest.mark.parametrize("column", ["next_attempt_at", "lease_until"])
async def test_what_was_noted_before_a_clock_was_set_back_is_due_at_once(
    database: Database, posts: Posts, start: Invocation, column: str
) -> None:
    ahead = {"lease_until": None, column: NOON + timedelta(days=1)}
    await posts.add(a_post(start, **ahead))
    await inherit(database, NOON)
    assert len(await posts.due(NOON, limit=10)) == 1


async def test_with_one_process_nothing_waits_after_a_start_and_with_several_pauses_go_on(
    database: Database, posts: Posts, start: Invocation
) -> None:
    await posts.add(a_post(start, lease_until=None, next_attempt_at=LATER))
    await inherit(database, NOON)
    assert len(await posts.due(NOON, limit=10)) == (database.dialect.name == "sqlite")


async def test_only_what_is_further_ahead_than_any_pause_is_brought_back(
    posts: Posts, start: Invocation
) -> None:
    near = a_post(start, id="near", next_attempt_at=NOON + FAR_AHEAD, lease_until=NOON + FAR_AHEAD)
    done = a_post(start, id="done", next_attempt_at=None, lease_until=None)
    for post in (near, done):
        await posts.add(post)
    await posts.bring_back(NOON)
    assert sorted(await posts.of(start.id), key=lambda post: post.id) == [done, near]


async def test_who_gives_a_lease_back_gives_back_no_other(posts: Posts, start: Invocation) -> None:
    await posts.add(a_post(start, id="given back"))
    await posts.add(a_post(start, id="kept", lease_until=LATER))
    await posts.release(start.id, LEASE)
    assert [each.post.id for each in await posts.due(NOON, limit=10)] == ["given back"]


async def spoil(database: Database, spoilt: str, value: str) -> None:
    """Let a column of some rows hold what this version cannot read."""
    table, _, column = spoilt.partition(".")
    async with database.connect() as connection:
        await connection.execute(
            text(f"UPDATE {table} SET {column} = :value WHERE id LIKE '%unreadable%'"), {"value": value}
        )


@pytest.mark.parametrize(
    "spoilt",
    [
        "posts.purpose",
        "posts.state",
        "posts.shown_state",
        "invocations.action",
        "invocations.source",
        "invocations.status",
        "invocations.channel_kind",
    ],
)
async def test_posts_that_cannot_be_read_stand_in_nobodys_way_and_are_logged_once(
    database: Database,
    log: Invocations,
    posts: Posts,
    an_invocation: AnInvocation,
    spoilt: str,
) -> None:
    rows = [an_invocation(id=f"unreadable-{number}") for number in range(7)]
    readable = [an_invocation() for _ in range(3)]
    for row in (*rows, *readable):
        await log.record(row)
        longest_due = NOON - timedelta(hours=row in rows)
        await posts.add(a_post(row, lease_until=None, next_attempt_at=longest_due))
    await spoil(database, spoilt, "of a newer version")

    with capture_logs() as lines:
        for _ in range(3):
            assert len(await posts.due(NOON, limit=2)) == 2
            assert len(await posts.due(NOON, limit=100)) == len(readable)
    assert [line["event"] for line in lines] == ["a post cannot be read"] * len(rows)


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_a_time_that_is_none_spoils_its_own_post_alone(
    database: Database, log: Invocations, posts: Posts, start: Invocation, an_invocation: AnInvocation
) -> None:
    row = an_invocation(id="unreadable")
    await log.record(row)
    await posts.add(a_post(row, lease_until=None))
    await posts.add(a_post(start, lease_until=None))
    await spoil(database, "posts.created_at", "soon")
    assert [each.invocation.id for each in await posts.due(NOON, limit=1)] == [start.id]


async def test_a_post_of_a_newer_version_is_passed_over(
    database: Database, posts: Posts, start: Invocation
) -> None:
    await posts.add(a_post(start, id="old", lease_until=None))
    await posts.add(a_post(start, id="new", lease_until=None))
    async with database.connect() as connection:
        await connection.execute(text("UPDATE posts SET purpose = 'canvas' WHERE id = 'new'"))
    with capture_logs() as lines:
        assert [due.post.id for due in await posts.due(NOON, limit=10)] == ["old"]
    assert "a post cannot be read" in str(lines)
