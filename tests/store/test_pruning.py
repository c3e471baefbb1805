"""Old rows are removed with their posts, unless somebody still needs them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.invocation import Action, JobInvocation, JobState, Status
from bot.domain.post import Post, Purpose
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from bot.store.pruning import BATCH, BEGINNING, Cursor, OldRows, Pruning
from tests.store.conftest import NOON

TODAY = NOON + timedelta(days=90)
"""Rows are old that were created before this time."""

New = Callable[..., JobInvocation]


@pytest.fixture
def posts(database: Database) -> Posts:
    return Posts(database)


@pytest.fixture
def pruning(database: Database) -> Pruning:
    return Pruning(database)


def a_post(row: JobInvocation, **changes: Any) -> Post:
    """Return the announcement of a row that nobody has to edit any more."""
    values: dict[str, Any] = {
        "id": f"post of {row.id}",
        "purpose": Purpose.ANNOUNCEMENT,
        "created_at": NOON,
        "done_at": NOON,
    }
    return Post(invocation_id=row.id, **(values | changes))


async def removed(pruning: Pruning) -> int:
    """Remove all old rows, batch by batch, and return how many have gone."""
    rows = 0
    cursor: Cursor | None = BEGINNING
    while cursor:
        done = await pruning.remove(TODAY, cursor)
        rows, cursor = rows + done.rows, done.cursor
    return rows


async def left(log: Invocations) -> list[str]:
    return [row.id async for row in log.find()][::-1]


async def posts_in(database: Database) -> list[str]:
    async with database.connect() as connection:
        return list((await connection.execute(text("SELECT id FROM posts ORDER BY id"))).scalars())


async def test_old_rows_go_and_newer_ones_stay(
    log: Invocations, pruning: Pruning, an_invocation: New
) -> None:
    for number in range(3):
        await log.record(an_invocation(id=f"old-{number}", status=Status.DONE))
    await log.record(an_invocation(id="new", status=Status.DONE, created_at=TODAY))

    assert await pruning.count(TODAY) == OldRows(removable=3, needed=0)
    assert await removed(pruning) == 3
    assert await left(log) == ["new"]
    assert await pruning.count(TODAY) == OldRows(removable=0, needed=0)


async def test_the_posts_of_a_row_go_with_it(
    log: Invocations, posts: Posts, pruning: Pruning, database: Database, an_invocation: New
) -> None:
    old, new = an_invocation(status=Status.DONE), an_invocation(status=Status.DONE, created_at=TODAY)
    for row in (old, new):
        await log.record(row)
        await posts.add(a_post(row))
        await posts.add(a_post(row, id=f"thread of {row.id}", purpose=Purpose.THREAD))

    assert await removed(pruning) == 1
    assert await posts_in(database) == [f"post of {new.id}", f"thread of {new.id}"]


async def test_more_rows_than_a_batch_go_in_several(
    log: Invocations, pruning: Pruning, an_invocation: New
) -> None:
    for number in range(2 * BATCH + 1):  # all in the same moment
        await log.record(an_invocation(id=f"{number:03}", status=Status.DONE, created_at=NOON))
    first = await pruning.remove(TODAY)
    assert first.rows == BATCH
    assert await left(log) == [f"{number:03}" for number in range(2 * BATCH, BATCH - 1, -1)]
    assert await removed(pruning) == BATCH + 1


JOB: dict[str, Any] = {
    "action": Action.START,
    "status": Status.STARTED,
    "room_id": "lobby",
    "job_id": "job-1",
}

NEEDED: dict[str, dict[str, Any]] = {
    "it is received": {"status": Status.RECEIVED},
    "it is being started": {"status": Status.STARTING},
    "a process has claimed it": {"status": Status.DONE, "lease_until": NOON},
    "nobody knows what came of it": {"status": Status.UNKNOWN},
    "its job was accepted": JOB | {"job_state": JobState.ACCEPTED},
    "its job runs": JOB | {"job_state": JobState.RUNNING},
    "its job has ended lately": JOB | {"job_state": JobState.FAILED, "ended_at": TODAY},
}

NOT_NEEDED: dict[str, dict[str, Any]] = {
    "its job has ended long ago": JOB | {"job_state": JobState.ENDED, "ended_at": TODAY - timedelta(days=1)},
    "an earlier version did not follow its job": JOB,
    "it failed": {"status": Status.FAILED},
    "it stopped a job": {
        "action": Action.STOP,
        "status": Status.DONE,
        "room_id": "lobby",
        "job_id": "job-1",
        "job_state": JobState.STOPPED,
    },
}


@pytest.mark.parametrize("why", NEEDED)
async def test_an_old_row_stays_because(
    log: Invocations, pruning: Pruning, an_invocation: New, why: str
) -> None:
    await log.record(an_invocation(id="needed", **NEEDED[why]))
    await log.record(an_invocation(id="other", status=Status.DONE))
    assert await pruning.count(TODAY) == OldRows(removable=1, needed=1)
    assert await removed(pruning) == 1
    assert await left(log) == ["needed"]


@pytest.mark.parametrize("why", NOT_NEEDED)
async def test_an_old_row_goes_although(
    log: Invocations, pruning: Pruning, an_invocation: New, why: str
) -> None:
    await log.record(an_invocation(**NOT_NEEDED[why]))
    assert await removed(pruning) == 1


@pytest.mark.parametrize(
    "work",
    [
        {"next_attempt_at": NOON},
        {"next_attempt_at": NOON, "lease_until": NOON, "done_at": None},
        {"purpose": Purpose.PANEL},
    ],
    ids=["to be edited", "being sent", "a panel"],
)
async def test_an_old_row_stays_as_long_as_a_message_needs_it(
    log: Invocations, posts: Posts, pruning: Pruning, an_invocation: New, work: dict[str, Any]
) -> None:
    row = an_invocation(status=Status.DONE)
    await log.record(row)
    await posts.add(a_post(row, **work))
    await posts.add(a_post(row, id="settled"))
    assert await removed(pruning) == 0
    assert len(await posts.of(row.id)) == 2


@pytest.fixture
async def unknown(log: Invocations, an_invocation: New) -> JobInvocation:
    """Add a start of the lobby of which nobody knows what came."""
    row = an_invocation(id="unknown", status=Status.UNKNOWN, room_id="lobby")
    await log.record(row)
    return row


async def test_an_unknown_start_keeps_what_its_button_has_led_to(
    log: Invocations, pruning: Pruning, an_invocation: New, unknown: JobInvocation
) -> None:
    await log.record(an_invocation(id="again", status=Status.FAILED, previous_id=unknown.id))
    assert await removed(pruning) == 0


async def test_an_unknown_start_that_another_one_has_replaced_goes_first(
    log: Invocations, pruning: Pruning, an_invocation: New, unknown: JobInvocation
) -> None:
    over = JOB | {"job_state": JobState.ENDED, "ended_at": NOON}
    await log.record(an_invocation(id="anyway", previous_id=unknown.id, **over))
    assert await removed(pruning) == 1
    assert await left(log) == ["anyway"]
    assert await removed(pruning) == 1


async def test_an_unknown_start_keeps_the_starts_whose_jobs_might_be_taken_for_its_own(
    log: Invocations, pruning: Pruning, an_invocation: New, unknown: JobInvocation
) -> None:
    over = JOB | {"job_state": JobState.ENDED, "ended_at": NOON}
    await log.record(an_invocation(id="beside", **over))
    await log.record(an_invocation(id="elsewhere", **over | {"room_id": "gallery", "job_id": "job-2"}))
    assert await removed(pruning) == 1
    assert await left(log) == [unknown.id, "beside"]


@pytest.fixture
async def two_pages_that_stay(log: Invocations, an_invocation: New) -> list[str]:
    """Add more rows that stay than a batch has, and an old one behind them."""
    rows = [an_invocation(**JOB | {"job_state": JobState.RUNNING, "job_id": f"job-{n}"}) for n in range(60)]
    for row in rows:
        await log.record(row)
    await log.record(an_invocation(status=Status.DONE))
    return [row.id for row in rows]


async def test_rows_that_stay_do_not_hide_those_behind_them(
    log: Invocations, pruning: Pruning, two_pages_that_stay: list[str]
) -> None:
    assert await removed(pruning) == 1
    assert await left(log) == two_pages_that_stay


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_a_row_without_a_time_stops_nothing(
    log: Invocations, pruning: Pruning, database: Database, an_invocation: New
) -> None:
    for number in range(2):
        await log.record(an_invocation(id=f"old-{number}", status=Status.DONE))
    async with database.connect() as connection:
        await connection.execute(text("UPDATE invocations SET created_at = '2025, a day' WHERE id = 'old-1'"))
    assert await removed(pruning) == 2
    assert await left(log) == []
