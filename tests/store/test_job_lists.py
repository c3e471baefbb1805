"""What the list of jobs reads from the invocation log, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Source, Status
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from tests.fakes import an_invocation, changed
from tests.steps import NOON

MEI, JONAS = "U0MEI00001", "U0JONAS001"
HERE, THERE, SECRET = "C0HERE", "C0THERE", "C0SECRET"
HOUR_AGO = NOON - timedelta(hours=1)


def start(number: int, **columns: Any) -> Invocation:
    """Jonas's start in a public channel, so many minutes before noon."""
    job = {"job_id": f"job-{number}", "job_state": JobState.RUNNING, "status": Status.STARTED}
    if columns.get("status", Status.STARTED) is not Status.STARTED:
        job = {}
    return an_invocation(
        **{
            "id": f"i{number}",
            "created_at": NOON - timedelta(minutes=number),
            "action": Action.START,
            "source": Source.COMMAND,
            "user_id": JONAS,
            "channel_id": THERE,
            "channel_kind": ChannelKind.PUBLIC,
            "room_id": f"room-{number}",
            **job,
            **columns,
        }
    )


def ended(number: int, *, minutes_ago: float, **columns: Any) -> Invocation:
    at = NOON - timedelta(minutes=minutes_ago)
    return start(number, job_state=JobState.ENDED, ended_at=at, **columns)


@pytest.fixture
def lists(database: Database) -> JobLists:
    return JobLists(database)


async def fill(log: Invocations, *rows: Invocation) -> None:
    for row in rows:
        await log.record(row)


def asking(**origin: Any) -> Invocation:
    """Mei asks in a channel."""
    return an_invocation(
        **{
            "id": "asking",
            "created_at": NOON,
            "action": Action.JOBS,
            "source": Source.COMMAND,
            "status": Status.DONE,
            "user_id": MEI,
            "channel_id": HERE,
            **origin,
        }
    )


def ids(rows: Any) -> list[str]:
    return [row.id for row in rows]


async def test_what_starts_runs_and_has_just_ended_is_listed_the_newest_first(
    lists: JobLists, log: Invocations
) -> None:
    await fill(
        log,
        start(90),
        start(2),
        start(1, status=Status.STARTING),
        start(3, status=Status.UNKNOWN),
        start(70, status=Status.UNKNOWN),
        ended(200, minutes_ago=5),
        ended(20, minutes_ago=10),
        ended(100, minutes_ago=61),
        start(4, status=Status.FAILED),
    )
    found = await lists.recent(asking(), since=HOUR_AGO, limit=10)
    assert ids(found.under_way) == ["i1", "i2", "i90"]
    assert ids(found.unknown) == ["i3"]
    assert ids(found.ended) == ["i200", "i20"]
    assert (found.under_way_total, found.ended_total, found.hidden) == (3, 2, 0)


async def test_what_does_not_fit_is_counted(lists: JobLists, log: Invocations) -> None:
    await fill(log, *(start(number) for number in range(1, 6)), *(ended(n, minutes_ago=1) for n in (7, 8, 9)))
    found = await lists.recent(asking(), since=HOUR_AGO, limit=2)
    assert ids(found.under_way) == ["i1", "i2"]
    assert (found.under_way_total, len(found.ended), found.ended_total) == (5, 2, 3)


async def test_what_a_person_may_not_see_is_left_out_and_counted(lists: JobLists, log: Invocations) -> None:
    secret = {"channel_id": SECRET, "channel_kind": ChannelKind.PRIVATE}
    await fill(
        log,
        start(1),
        start(2, **secret),
        start(3, user_id=MEI, **secret),
        start(4, status=Status.STARTING, **secret),
        ended(5, minutes_ago=1, **secret),
    )
    found = await lists.recent(asking(), since=HOUR_AGO, limit=10)
    assert (ids(found.under_way), found.ended, found.hidden) == (["i1", "i3"], [], 1)
    there = await lists.recent(asking(channel_id=SECRET), since=HOUR_AGO, limit=10)
    assert (ids(there.under_way), ids(there.ended)) == (["i1", "i2", "i3", "i4"], ["i5"])
    guest = await lists.recent(asking(foreign_team_id="T0OTHER"), since=HOUR_AGO, limit=10)
    assert (ids(guest.under_way), guest.hidden) == (["i3"], 2)


async def test_the_rooms_of_the_last_starts_are_those_that_the_person_may_see(
    lists: JobLists, log: Invocations
) -> None:
    secret = {"channel_id": SECRET, "channel_kind": ChannelKind.PRIVATE}
    await fill(
        log,
        start(1),
        start(2, room_id="room-1"),
        start(3, status=Status.FAILED),
        start(4, status=Status.REFUSED),
        start(5, **secret),
        start(99),
    )
    assert await lists.rooms_started(asking(), since=HOUR_AGO) == ["room-1", "room-3"]
    assert await lists.rooms_started(asking(channel_id=None), since=HOUR_AGO) == ["room-1", "room-3"]


async def test_a_start_that_is_open_may_have_made_a_job_whoever_made_it(
    lists: JobLists, log: Invocations
) -> None:
    secret = {"channel_id": SECRET, "channel_kind": ChannelKind.PRIVATE}
    await fill(
        log,
        start(1, status=Status.STARTING, **secret),
        start(2, status=Status.UNKNOWN),
        start(3),
        start(99, status=Status.UNKNOWN),
    )
    sought = ["room-1", "room-2", "room-3", "room-99"]
    assert (await lists.open_starts(sought)).keys() == {"room-1", "room-2", "room-99"}


async def test_jobs_that_were_started_or_stopped_with_the_bot_are_accounted_for(
    lists: JobLists, log: Invocations
) -> None:
    stop = changed(asking(), action=Action.STOP, room_id="r", job_id="stopped", job_state=JobState.STOPPED)
    await fill(
        log,
        start(1),
        changed(stop, id="s1"),
        changed(stop, id="s2", job_id="over", job_state=None),
        changed(stop, id="s3", job_id="failed", job_state=None, status=Status.FAILED),
    )
    assert await lists.accounted_for(["job-1", "stopped", "over", "failed"]) == {"job-1", "stopped"}


async def test_the_uses_of_a_person_are_without_the_forms_that_they_opened(
    log: Invocations, lists: JobLists
) -> None:
    form = start(2, user_id=MEI, action=Action.FORM, status=Status.DONE)
    await fill(log, start(1, user_id=MEI), form, start(3), start(4, user_id=MEI))
    assert [use.id for use in await lists.uses_of(MEI, limit=2)] == ["i1", "i4"]
