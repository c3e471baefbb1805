"""Two processes write the same rows of PostgreSQL at the same time, and neither waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from bot.domain.invocation import Invocation, JobState, Status
from bot.domain.post import Post, Purpose
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.migrate import migrate
from bot.store.postgresql_driver import TRIES
from bot.store.posts import Posts, Shown
from tests.steps import step_to
from tests.store.conftest import NOON
from tests.store.test_posts import LATER, LEASE, a_post

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    """A database where a deadlock is found so late that the test would fail first."""
    async with open_database(postgresql_url) as engine:
        await migrate(engine)
        async with engine.connect() as connection:
            name = await connection.scalar(text("SELECT current_database()"))
            await connection.execute(text(f"ALTER DATABASE {name} SET deadlock_timeout = '1min'"))
    async with open_database(postgresql_url) as engine:
        yield engine


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
async def start(log: Invocations, an_invocation: Callable[..., Invocation]) -> Invocation:
    """The start of a job whose announcement stands nowhere yet."""
    row = an_invocation(status=Status.STARTING)
    await log.record(row)
    started = await log.advance(row, step_to(Status.STARTED))
    assert started
    return started


@asynccontextmanager
async def locked(database: Database, post: Post) -> AsyncIterator[None]:
    """Somebody else has the row of a post in hand."""
    async with database.connect() as connection:
        await connection.execute(text("BEGIN"))
        await connection.execute(text("SELECT id FROM posts WHERE id = :id FOR UPDATE"), {"id": post.id})
        yield
        await connection.execute(text("ROLLBACK"))


async def waits(database: Database, number: int) -> None:
    """Return once so many statements wait for a lock."""
    async with database.connect() as connection:
        while await connection.scalar(text(WAITING)) != number:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("wanted", ["a new state", "more details"])
async def test_a_mark_and_a_new_wish_for_the_same_job_do_not_wait_for_each_other(
    database: Database, other_database: Database, start: Invocation, wanted: str
) -> None:
    one, other = Posts(database), Posts(other_database)
    notification = a_post(start, id="notification", purpose=Purpose.NOTIFICATION)
    announcement = a_post(start)
    for post in (notification, announcement):
        await one.add(post)

    async with asyncio.timeout(20):
        async with locked(database, notification):
            if wanted == "a new state":
                wish = one.show(start.id, JobState.RUNNING, "{}", now=NOON, until=LATER)
            else:
                wish = one.refresh(start.id, now=NOON, until=LATER)
            wishing = asyncio.create_task(wish)
            await waits(database, 1)
            shown = Shown(NOON, "C1", "1.2", JobState.ACCEPTED, note=True)
            marking = asyncio.create_task(other.mark_and_keep(announcement, shown, LEASE))
            await waits(database, 2)
        await wishing
        assert await marking

    posts = {post.id: post for post in await one.of(start.id)}
    assert [post.revision for post in posts.values()] == [1, 1]
    assert posts[announcement.id].ts == "1.2"
    row = await Invocations(database).get(start.id)
    assert row is not None
    assert row.told.ts == "1.2"


async def test_a_write_that_cannot_be_serialized_is_sent_again(
    database: Database, database_url: str, start: Invocation
) -> None:
    post = a_post(start)
    await Posts(database).add(post)
    async with database.connect() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
        await connection.execute(
            text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        )
    async with open_database(database_url) as strict:
        wishes = (Posts(strict).refresh(start.id, now=NOON, until=None) for _ in range(TRIES))
        async with asyncio.timeout(20):
            await asyncio.gather(*wishes)
    [now] = await Posts(database).of(start.id)
    assert now.revision == TRIES
