"""Jobs that were started outside Slack: found in the rooms that the bot knows, and never waited for long."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from typing_extensions import override

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.job_list import Outside
from bot.domain.quick_start import QuickStart
from bot.errors import Answer, NotSent, Rejected, RoomUnknown
from bot.jobs.outside_jobs import BLIND_SECONDS, FRESH_SECONDS, MOST_ROOMS, OutsideJobs
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from tests.clock import Clock
from tests.fakes import FakeMetaStudio, an_invocation, changed
from tests.graph import PATIENCE
from tests.metastudio.cloud import NOON

MEI, JONAS = "U0MEI00001", "U0JONAS001"

START = an_invocation(
    id="i1",
    created_at=NOON - timedelta(minutes=9),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.STARTED,
    user_id=JONAS,
    channel_id="C0THERE",
    channel_kind=ChannelKind.PUBLIC,
    room_id="lobby",
    job_id="job-1",
    job_state=JobState.RUNNING,
)
ASKING = an_invocation(
    id="a",
    created_at=NOON,
    action=Action.JOBS,
    source=Source.COMMAND,
    status=Status.DONE,
    user_id=MEI,
    channel_id="C0HERE",
)


class Rooms(FakeMetaStudio):
    """Lists the jobs of each room; a room may never answer."""

    hangs: Sequence[str] = ()
    jobs: Mapping[str, Sequence[JobReport] | Exception] = MappingProxyType({})

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        self.rooms_listed.append(room_id)
        assert set(states) == {"WAITING", "PROCESSING"}
        await asyncio.sleep(3600 if room_id in self.hangs else 0)
        listed = self.jobs.get(room_id, ())
        if isinstance(listed, Exception):
            raise listed
        return tuple(listed)


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
def cloud() -> Rooms:
    rooms = Rooms()
    rooms.jobs = {"lobby": [listed("job-1"), listed("console", "WAITING", create_time=NOON)]}
    return rooms


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def outside(log: Invocations, cloud: Rooms, time: Clock) -> OutsideJobs:
    return outside_jobs(log, cloud, time)


def outside_jobs(log: Invocations, cloud: Rooms, time: Clock, seconds: float = PATIENCE) -> OutsideJobs:
    return OutsideJobs(
        job_lists=JobLists(log._database),
        metastudio=cloud,
        room_name={"lobby": "Lobby kiosk"}.get,
        now=lambda: NOON,
        seconds=seconds,
        clock=time,
    )


def listed(job_id: str, state: str = "PROCESSING", **more: Any) -> JobReport:
    return JobReport(job_id=job_id, state=state, **more)


def a_quick_start(room_id: str, channel_id: str | None = None) -> QuickStart:
    return QuickStart(
        id=room_id,
        team_id="T",
        channel_id=channel_id,
        name=f"q-{room_id}",
        room_id=room_id,
        user_id=MEI,
        created_at=NOON,
    )


async def ids(outside: OutsideJobs, *quick_starts: QuickStart, asking: Invocation = ASKING) -> list[str]:
    return [job.job_id for job in (await outside.find(asking, quick_starts))[0]]


async def test_a_job_that_nobody_started_with_the_bot_is_found_in_a_room_of_the_last_day(
    outside: OutsideJobs, log: Invocations
) -> None:
    await log.record(START)
    [job], looked = await outside.find(ASKING, ())
    assert (job.job_id, job.room_id, job.room_name) == ("console", "lobby", "Lobby kiosk")
    assert (job.state, job.since, looked) == (JobState.ACCEPTED, NOON, Outside.ALL)


async def test_the_rooms_of_quick_starts_are_looked_at_and_others_are_not(
    outside: OutsideJobs, log: Invocations, cloud: Rooms
) -> None:
    secret = changed(START, channel_kind=ChannelKind.PRIVATE, room_id="vault")
    await log.record(secret)
    hall = [listed("own"), listed("over", "SUCCEED")]
    cloud.jobs = {**cloud.jobs, "vault": [listed("hidden")], "hall": hall}
    assert await ids(outside, a_quick_start("hall", "C0HERE")) == ["own"]
    assert cloud.rooms_listed == ["hall"]
    assert await outside.find(changed(ASKING, channel_id=None), ()) == ([], Outside.ALL)


@pytest.mark.parametrize("status", [Status.STARTING, Status.UNKNOWN])
async def test_a_job_that_may_belong_to_a_start_is_nobody_elses(
    outside: OutsideJobs, log: Invocations, status: Status
) -> None:
    await log.record(changed(START, status=status, job_id=None, job_state=None))
    assert await ids(outside) == []


async def test_a_job_that_was_stopped_with_the_bot_is_not_listed_any_more(
    outside: OutsideJobs, log: Invocations
) -> None:
    await log.record(START)
    stop = changed(ASKING, action=Action.STOP, room_id="lobby", job_id="console")
    assert await ids(outside) == ["console"]
    await log.record(changed(stop, job_state=JobState.STOPPED))
    assert await ids(outside) == []


async def test_a_look_is_kept_for_half_a_minute_and_shared(
    outside: OutsideJobs, log: Invocations, cloud: Rooms, time: Clock
) -> None:
    await log.record(START)
    await asyncio.gather(*(outside.find(ASKING, ()) for _ in range(20)))
    time.now += FRESH_SECONDS - 1
    await outside.find(ASKING, ())
    assert cloud.rooms_listed == ["lobby"]
    time.now += 1
    await outside.find(ASKING, ())
    assert cloud.rooms_listed == ["lobby", "lobby"]


async def test_who_asks_is_not_kept_waiting_by_a_room_that_does_not_answer(
    log: Invocations, cloud: Rooms, time: Clock
) -> None:
    outside = outside_jobs(log, cloud, time, seconds=0.05)
    await log.record(START)
    cloud.hangs = ["hall"]
    quick_start = a_quick_start("hall")
    [job], looked = await outside.find(ASKING, [quick_start])
    assert (job.job_id, looked) == ("console", Outside.SOME)
    [job], looked = await outside.find(ASKING, [quick_start])
    assert (job.job_id, looked) == ("console", Outside.SOME)
    assert sorted(cloud.rooms_listed) == ["hall", "lobby"]

    time.now += BLIND_SECONDS
    cloud.hangs = ()
    assert (await outside.find(ASKING, [quick_start]))[1] is Outside.ALL


async def test_while_metastudio_cannot_be_asked_nobody_asks_it(
    outside: OutsideJobs, log: Invocations, cloud: Rooms, time: Clock
) -> None:
    await log.record(START)
    cloud.jobs = {"lobby": NotSent(reason(Code.NO_TURN_TO_ASK))}
    for _ in range(5):
        assert await outside.find(ASKING, ()) == ([], Outside.SOME)
    assert len(cloud.rooms_listed) == 1
    time.now += BLIND_SECONDS
    cloud.jobs = {"lobby": RoomUnknown(reason(Code.ROOM_UNKNOWN))}
    assert await outside.find(ASKING, ()) == ([], Outside.ALL)


async def test_only_so_many_rooms_are_looked_at_and_the_list_says_so(
    outside: OutsideJobs, cloud: Rooms
) -> None:
    own, everywhere = a_quick_start("own", "C0HERE"), [a_quick_start(f"r{n}") for n in range(MOST_ROOMS)]
    _, looked = await outside.find(ASKING, [*everywhere, own])
    assert looked is Outside.SOME
    assert len(cloud.rooms_listed) == MOST_ROOMS
    assert "own" in cloud.rooms_listed


async def test_a_room_that_metastudio_refuses_to_list_keeps_no_other_room_from_being_looked_at(
    outside: OutsideJobs, cloud: Rooms
) -> None:
    refused = {f"r{n}": Rejected(reason(Code.PERMISSION_MISSING), answer=Answer(403)) for n in range(8)}
    cloud.jobs = {**refused, "hall": [listed("own")]}
    quick_starts = [a_quick_start(room) for room in cloud.jobs]
    [job], looked = await outside.find(ASKING, quick_starts)
    assert (job.job_id, looked) == ("own", Outside.SOME)
    await outside.find(ASKING, quick_starts)
    assert len(cloud.rooms_listed) == len(quick_starts)


async def test_a_job_that_may_belong_to_an_old_unknown_start_is_nobody_elses(
    outside: OutsideJobs, log: Invocations, cloud: Rooms
) -> None:
    days_ago = NOON - timedelta(days=3)
    await log.record(changed(START, status=Status.UNKNOWN, created_at=days_ago, job_id=None, job_state=None))
    cloud.jobs = {
        "lobby": [
            listed("undated"),
            listed("theirs", create_time=days_ago + timedelta(seconds=9)),
            listed("later", create_time=NOON - timedelta(minutes=5)),
        ]
    }
    assert await ids(outside, a_quick_start("lobby")) == ["later"]
