"""Messages outlive the rows of old uses: their buttons then answer in words, and start nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain.invocation import JobState, Status
from bot.domain.policy import Policy
from bot.store.pruning import Pruning
from bot.store.statements import execute
from bot.store.tables import posts
from tests.listeners.desk import JONAS, Desk

HALL = "24bad716-87b1-45e5-8912-6102f7693265"


async def remove_rows(desk: Desk, *, older_than: timedelta = timedelta(days=30)) -> None:
    """Remove the old rows, once all posts are delivered. They fit into one batch."""
    delivered = update(posts).values(next_attempt_at=None, lease_until=None)
    await execute(desk.log._database, delivered)
    await Pruning(desk.log._database).remove(desk.clock() - older_than)


@pytest.fixture
async def long_ago(desk: Desk) -> Desk:
    """Mei's job of the lobby ended two months ago, and its row is removed."""
    await desk.types("/avatar-start", "lobby")
    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(days=60)
    await remove_rows(desk)
    assert await desk.rows() == []
    return desk


@pytest.mark.parametrize(
    ("button", "value"),
    [
        ("start_again", "i1"),
        ("start_another", "i1"),
        ("start_after_all", "i1"),
        ("stop_and_start", "i1 job-1"),
        ("look_again", "i1"),
        ("use_job", "i1 job-1"),
        ("details", "i1"),
    ],
)
async def test_a_button_of_a_start_says_that_it_is_no_longer_in_the_log(
    long_ago: Desk, button: str, value: str
) -> None:
    await long_ago.clicks(button, value, user={"id": JONAS})
    assert "This start is no longer in the log.\nType the command again." in long_ago.told()
    assert (await long_ago.row()).status is Status.INVALID
    assert len(long_ago.cloud.started) == 1


async def test_again_finds_nothing_to_repeat(long_ago: Desk) -> None:
    answer = await long_ago.types("/avatar-start", "again")
    assert "This channel has no start to repeat." in answer["text"]


async def test_a_job_that_ended_lately_is_started_again_however_long_ago_it_began(desk: Desk) -> None:
    await desk.types("/avatar-start", "lobby")
    desk.clock.advance(days=60)
    await remove_rows(desk)
    await desk.ends("job-1", JobState.FAILED)
    await remove_rows(desk)
    await desk.clicks("start_again", "i1", user={"id": JONAS})
    assert len(desk.cloud.started) == 2


@pytest.fixture
async def started_again(desk: Desk) -> Desk:
    """A quick start's job was started again a month later, and the row of its first start is removed."""
    await desk.types("/avatar", f"quick add hall {HALL}")
    await desk.types("/avatar-start", "hall")
    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(days=29)
    await desk.types("/avatar-start", "again")
    await desk.ends("job-2", JobState.ENDED)
    desk.clock.advance(days=2)
    await remove_rows(desk)
    assert [row.text for row in await desk.rows()] == ["again"]
    return desk


async def test_a_quick_start_stays_denied_after_its_first_start_is_removed(started_again: Desk) -> None:
    started_again.policy = Policy.parse('[start.deny]\nquick_starts = ["hall"]')
    await started_again.clicks("start_again", (await started_again.row()).id)
    assert "Quick start `hall` may not be started" in started_again.told()
    assert len(started_again.cloud.started) == 2


async def test_a_quick_start_stays_allowed_after_its_first_start_is_removed(started_again: Desk) -> None:
    started_again.policy = Policy.parse('[start]\nquick_starts = ["hall"]')
    await started_again.clicks("start_again", (await started_again.row()).id)
    assert len(started_again.cloud.started) == 3
