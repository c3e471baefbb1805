"""The jobs to follow, and who stopped them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.invocation import Action, Invocation, JobState, Status
from bot.reasons import other
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from bot.store.watched_jobs import Stop, WatchedJob, WatchedJobs

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

New = Callable[..., Invocation]


@pytest.fixture
def watched_jobs(database: Database) -> WatchedJobs:
    return WatchedJobs(database)


@pytest.fixture
def a_job(an_invocation: New) -> New:
    """Return a function that makes starts whose job was announced at noon and runs."""

    def make(job_id: str, **changes: Any) -> Invocation:
        running = {"room_id": "lobby", "job_state": JobState.RUNNING, "announced_at": NOON}
        return an_invocation(status=Status.STARTED, job_id=job_id, **(running | changes))

    return make


@pytest.fixture
def a_stop(an_invocation: New) -> New:
    """Return a function that makes successful stops."""

    def make(job_id: str, **changes: Any) -> Invocation:
        return an_invocation(
            job_id=job_id,
            **({"action": Action.STOP, "status": Status.DONE, "job_state": JobState.STOPPED} | changes),
        )

    return make


async def recorded(log: Invocations, *rows: Invocation) -> None:
    for row in rows:
        assert await log.record(row)


def job_ids(jobs: list[WatchedJob]) -> set[str]:
    return {job.job_id for job in jobs}


async def test_a_followed_job_is_known_by_its_row_its_room_and_where_it_stands(
    log: Invocations, watched_jobs: WatchedJobs, a_job: New
) -> None:
    row = a_job("job-1", job_state=JobState.ACCEPTED)
    await recorded(log, row)
    assert await watched_jobs.followed() == [WatchedJob(row.id, "job-1", "lobby", JobState.ACCEPTED)]


async def test_only_jobs_that_were_announced_and_are_not_over_are_followed(
    log: Invocations, watched_jobs: WatchedJobs, a_job: New, an_invocation: New
) -> None:
    await recorded(
        log,
        *(a_job(f"job-{state}", job_state=state) for state in JobState),
        a_job("not announced", announced_at=None),
        an_invocation(),
        an_invocation(status=Status.FAILED, announced_at=NOON),
    )
    assert job_ids(await watched_jobs.followed()) == {"job-accepted", "job-running"}


async def test_what_has_become_known_of_a_job_is_kept_and_the_rest_stays(
    log: Invocations, watched_jobs: WatchedJobs, a_job: New
) -> None:
    await recorded(log, a_job("job-1", configuration="{}"), a_job("job-2"))
    [job] = await watched_jobs.followed(job_id="job-1")
    await watched_jobs.complete(job, room_name="Lobby \ud83d kiosk")
    await watched_jobs.complete(job, configuration='{"is_transparent":true}')
    [known] = await watched_jobs.followed(job_id="job-1")
    assert (known.room_name, known.configuration) == ("Lobby \ufffd kiosk", '{"is_transparent":true}')
    [other] = await watched_jobs.followed(job_id="job-2")
    assert (other.room_name, other.configuration) == (None, None)


async def test_jobs_can_be_asked_for_that_were_announced_from_a_time_on(
    log: Invocations, watched_jobs: WatchedJobs, a_job: New
) -> None:
    second = timedelta(seconds=1)
    await recorded(
        log,
        a_job("before", announced_at=NOON - second),
        a_job("then"),
        a_job("after", announced_at=NOON + second),
    )
    assert job_ids(await watched_jobs.followed(since=NOON)) == {"then", "after"}


async def test_one_job_can_be_asked_for(log: Invocations, watched_jobs: WatchedJobs, a_job: New) -> None:
    await recorded(log, a_job("job-1"), a_job("job-2"), a_job("over", job_state=JobState.ENDED))
    assert job_ids(await watched_jobs.followed(job_id="job-2")) == {"job-2"}
    assert await watched_jobs.followed(job_id="over") == []
    assert await watched_jobs.followed(job_id="nobody's") == []


async def test_stops_are_told_from_a_time_on_in_their_order(
    log: Invocations, watched_jobs: WatchedJobs, a_stop: New
) -> None:
    first, second, third = (a_stop(f"job-{number}", user_id=f"U{number}") for number in range(3))
    await recorded(log, third, first, second)
    assert await watched_jobs.stops(since=second.created_at) == [Stop("job-1", "U1"), Stop("job-2", "U2")]


async def test_who_did_not_stop_a_job_has_no_credit(
    log: Invocations, watched_jobs: WatchedJobs, a_stop: New, a_job: New
) -> None:
    await recorded(
        log,
        a_job("job-1"),
        a_stop("job-1", job_state=None, reason=other("The job was over already.")),
        a_stop("job-1", job_state=None, status=Status.FAILED, reason=other("MetaStudio refused.")),
        a_stop("job-1", job_state=None, status=Status.REFUSED, reason=other("Not yours.")),
        a_stop("job-1", action=Action.RTC_ACCESS),
        a_stop("job-2"),
    )
    assert await watched_jobs.stop_of("job-1") is None
    assert await watched_jobs.stops(since=NOON) == [Stop("job-2", "U0MEI00001")]


async def test_of_two_who_stopped_a_job_the_first_has_the_credit(
    log: Invocations, watched_jobs: WatchedJobs, a_stop: New
) -> None:
    mei, lu = a_stop("job-1", user_id="UMEI"), a_stop("job-1", user_id="ULU")
    await recorded(log, lu, mei)
    assert await watched_jobs.stop_of("job-1") == Stop("job-1", "UMEI")


async def test_a_job_that_ends_before_its_stop_has_been_answered_is_credited_all_the_same(
    log: Invocations, watched_jobs: WatchedJobs, a_stop: New
) -> None:
    await recorded(log, a_stop("job-1", status=Status.RECEIVED, job_state=None))
    assert await watched_jobs.stop_of("job-1") == Stop("job-1", "U0MEI00001")
    assert await watched_jobs.stops(since=NOON) == []


async def test_a_job_that_is_over_is_followed_no_longer(
    log: Invocations, watched_jobs: WatchedJobs, database: Database, a_job: New
) -> None:
    row = a_job("job-1", job_state=JobState.ACCEPTED)
    await recorded(log, row, a_job("job-2"))
    posts = Posts(database)
    await posts.show(row.id, JobState.RUNNING, "{}", now=NOON, until=NOON)
    [job] = await watched_jobs.followed(job_id="job-1")
    assert job.seen is JobState.RUNNING
    await posts.show(row.id, JobState.SILENT, "{}", now=NOON, until=NOON)
    assert job_ids(await watched_jobs.followed()) == {"job-2"}
