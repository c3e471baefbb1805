"""Jobs in the invocation log: who started them, which run, and jobs found for interrupted starts."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.invocation import Action, ChannelKind, JobInvocation, JobState, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from tests.fakes import changed
from tests.steps import adopting, note_told, step_to

New = Callable[..., JobInvocation]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def unknown(an_invocation: New) -> New:
    """Return a function that makes starts of unknown outcome."""

    def make(**changes: Any) -> JobInvocation:
        return an_invocation(status=Status.UNKNOWN, room_id="lobby", **changes)

    return make


async def recorded(log: Invocations, *rows: JobInvocation) -> None:
    for row in rows:
        assert await log.record(row)


async def test_a_start_of_unknown_outcome_adopts_a_job_that_is_nobodys(
    log: Invocations, unknown: New
) -> None:
    row = unknown(reason=other("The connection was lost."))
    await recorded(log, row)
    adopted = await log.adopt(row, adopting("job-1", configuration="{}"))
    assert adopted == changed(
        row,
        status=Status.STARTED,
        job_id="job-1",
        configuration="{}",
        region=None,
        reason=reason(Code.ADOPTED),
        job_state=JobState.ACCEPTED,
        started_at=NOON,
        adopted_at=NOON,
    )
    assert await log.get(row.id) == adopted


async def test_a_job_that_is_somebodys_is_not_adopted(
    log: Invocations, an_invocation: New, unknown: New
) -> None:
    row = unknown()
    await recorded(log, row, an_invocation(status=Status.STARTED, job_id="job-1"))
    assert await log.adopt(row, adopting("job-1")) is None
    assert await log.get(row.id) == row


async def test_that_somebody_asked_for_a_jobs_end_does_not_make_it_theirs(
    log: Invocations, an_invocation: New, unknown: New
) -> None:
    row = unknown()
    await recorded(log, row, an_invocation(action=Action.STOP, status=Status.DONE, job_id="job-1"))
    assert await log.adopt(row, adopting("job-1"))


async def test_only_a_start_of_unknown_outcome_adopts(log: Invocations, unknown: New) -> None:
    settled = [replace(unknown(), status=status) for status in Status if status is not Status.UNKNOWN]
    await recorded(log, *settled)
    assert [await log.adopt(row, adopting("job-1")) for row in settled] == [None] * len(settled)
    assert [row async for row in log.find()] == settled[::-1]


async def test_of_twenty_starts_that_would_adopt_one_job_one_does(
    log: Invocations, logs: list[Invocations], unknown: New
) -> None:
    for number in range(5):
        rows = [unknown() for _ in logs]
        await recorded(log, *rows)
        job_id = f"job-{number}"
        adopted = await asyncio.gather(
            *(each.adopt(row, adopting(job_id)) for each, row in zip(logs, rows, strict=True))
        )
        [winner] = [outcome for outcome in adopted if outcome is not None]
        assert await log.find_start(job_id) == winner
        kept = [await log.get(row.id) for row in rows]
        assert [row.status for row in kept if row and row.id != winner.id] == [Status.UNKNOWN] * 19


async def test_of_twenty_who_settle_one_start_with_its_job_one_does(
    log: Invocations, logs: list[Invocations], unknown: New
) -> None:
    row = unknown()
    await recorded(log, row)
    adopted = await asyncio.gather(*(each.adopt(row, adopting("job-1")) for each in logs))
    assert sum(outcome is not None for outcome in adopted) == 1


async def test_the_start_that_made_a_job_is_found(log: Invocations, an_invocation: New) -> None:
    stop = an_invocation(action=Action.STOP, status=Status.DONE, job_id="job-1")
    start = an_invocation(status=Status.STARTED, job_id="job-1")
    await recorded(log, stop, start, an_invocation(status=Status.STARTED, job_id="job-2"))
    assert await log.find_start("job-1") == start
    assert await log.find_start("job-3") is None


async def test_jobs_that_are_nobodys_are_told_from_those_that_are_somebodys(
    log: Invocations, an_invocation: New
) -> None:
    await recorded(
        log,
        an_invocation(status=Status.STARTED, job_id="job-1"),
        an_invocation(action=Action.STOP, status=Status.DONE, job_id="job-2"),
        an_invocation(status=Status.STARTED, job_id="job-3"),
    )
    assert await log.known_jobs(["job-1", "job-2", "job-4"]) == {"job-1"}
    assert await log.known_jobs([]) == set()


async def test_as_many_jobs_as_a_room_can_list_are_told_apart_at_once(
    log: Invocations, an_invocation: New
) -> None:
    await recorded(log, an_invocation(status=Status.STARTED, job_id="job-499"))
    assert await log.known_jobs([f"job-{number}" for number in range(500)]) == {"job-499"}


async def test_other_starts_of_the_room_are_unknown_from_the_call_until_their_outcome_is_known(
    log: Invocations, an_invocation: New
) -> None:
    mine = an_invocation(room_id="lobby", status=Status.UNKNOWN, lease_until=NOON)
    elsewhere = an_invocation(room_id="atrium", status=Status.UNKNOWN, lease_until=NOON)
    other = an_invocation(room_id="lobby", lease_until=NOON)
    await recorded(log, mine, elsewhere, other)
    assert await log.other_unknown_starts(mine) == []
    starting = await log.advance(other, step_to(Status.STARTING))
    assert starting is not None
    assert await log.other_unknown_starts(mine) == [starting]
    unknown = await log.advance(starting, step_to(Status.UNKNOWN))
    assert unknown is not None
    await note_told(log, unknown, NOON)
    assert [row.id for row in await log.other_unknown_starts(mine)] == [other.id]
    assert await log.other_unknown_starts(elsewhere) == []
    await log.adopt(unknown, adopting("job-1"))
    assert await log.other_unknown_starts(mine) == []


async def test_who_was_answered_with_a_job_owns_it_before_who_adopted_it(
    log: Invocations, an_invocation: New
) -> None:
    adopter = an_invocation(status=Status.STARTED, job_id="job-1", adopted_at=NOON)
    owner = an_invocation(status=Status.STARTED, job_id="job-1")
    await recorded(log, adopter, owner)
    assert await log.find_start("job-1") == owner


async def test_running_are_the_starts_whose_jobs_are_not_over_the_newest_first(
    log: Invocations, an_invocation: New
) -> None:
    jobs = {
        state: an_invocation(status=Status.STARTED, job_id=f"job-{state}", job_state=state)
        for state in JobState
    }
    asking = an_invocation(action=Action.JOBS)
    await recorded(log, *jobs.values(), an_invocation(status=Status.STARTED), an_invocation(), asking)
    lists = JobLists(log._database)
    assert await lists.running(asking, limit=10) == [jobs[JobState.RUNNING], jobs[JobState.ACCEPTED]]
    assert await lists.running(asking, limit=1) == [jobs[JobState.RUNNING]]


@pytest.mark.parametrize("count", [0, 1, 44, 45, 46, 600])
async def test_however_many_run_they_are_counted(log: Invocations, an_invocation: New, count: int) -> None:
    asking = an_invocation(action=Action.JOBS)
    running = [
        an_invocation(status=Status.STARTED, job_id=f"job-{number}", job_state=JobState.RUNNING)
        for number in range(count)
    ]
    await asyncio.gather(*map(log.record, running))
    listed = await JobLists(log._database).recent(asking, since=NOON, limit=45)
    assert (listed.under_way, listed.under_way_total, listed.hidden) == (running[::-1][:45], count, 0)


HERE, THERE = "C0AVATARS1", "C0STUDIO01"
OTHERS: dict[str, Any] = {"user_id": "U0JONAS001", "channel_id": THERE}


@pytest.mark.parametrize(
    ("row", "to_us", "to_guests"),
    [
        (OTHERS | {"channel_kind": ChannelKind.PUBLIC}, True, False),
        (OTHERS | {"channel_kind": ChannelKind.PUBLIC, "team_id": "T0OURS"}, True, False),
        (OTHERS | {"channel_kind": ChannelKind.PUBLIC, "team_id": "T0OTHER"}, False, False),
        (OTHERS | {"channel_kind": None, "channel_id": HERE, "team_id": "T0OTHER"}, True, True),
        (OTHERS | {"channel_kind": ChannelKind.PRIVATE}, False, False),
        (OTHERS | {"channel_kind": ChannelKind.DIRECT}, False, False),
        (OTHERS | {"channel_kind": None}, False, False),
        (OTHERS | {"channel_kind": None, "channel_id": None}, False, False),
        (OTHERS | {"channel_kind": None, "channel_id": HERE}, True, True),
        (OTHERS | {"channel_kind": ChannelKind.PRIVATE, "channel_id": HERE}, True, True),
        (OTHERS | {"channel_kind": ChannelKind.PRIVATE, "user_id": "U0MEI00001"}, True, True),
    ],
)
@pytest.mark.parametrize("foreign_team_id", [None, "T0PARTNER1"])
async def test_jobs_are_listed_to_who_may_read_of_them_and_the_others_are_counted(
    log: Invocations,
    an_invocation: New,
    *,
    row: dict[str, Any],
    to_us: bool,
    to_guests: bool,
    foreign_team_id: str | None,
) -> None:
    asking = an_invocation(
        action=Action.JOBS, team_id="T0OURS", channel_id=HERE, foreign_team_id=foreign_team_id
    )
    start = an_invocation(status=Status.STARTED, job_id="job-1", job_state=JobState.RUNNING, **row)
    await recorded(log, start)
    seen = to_guests if foreign_team_id else to_us
    lists = JobLists(log._database)
    assert await lists.running(asking, limit=45) == [start] * seen
    recent = await lists.recent(asking, since=start.created_at, limit=45)
    assert (recent.under_way, recent.under_way_total, recent.hidden) == (
        [start] * seen,
        int(seen),
        int(not seen),
    )
    assert start.is_visible_to(asking) is seen


async def test_who_asks_from_nowhere_sees_their_own_and_what_is_public(
    log: Invocations, an_invocation: New
) -> None:
    asking = an_invocation(action=Action.JOBS, channel_id=None)
    runs = {"status": Status.STARTED, "job_state": JobState.RUNNING}
    nowhere = an_invocation(**runs, user_id="U0JONAS001", channel_id=None)
    own = an_invocation(**runs)
    await recorded(log, nowhere, own)
    listed = await JobLists(log._database).recent(asking, since=NOON, limit=45)
    assert (listed.under_way, listed.under_way_total, listed.hidden) == ([own], 1, 1)
    assert not nowhere.is_visible_to(asking)
