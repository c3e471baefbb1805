"""Many stops are sent one after the other, and no other call waits for them."""

import asyncio
from collections.abc import Callable

import pytest
from typing_extensions import override

from bot.errors import Answer, MetaStudioError, OutcomeUnknown, Throttled
from bot.metastudio.client import MetaStudio
from bot.runtime.rate_limiter import RateLimiter
from tests.metastudio.cloud import ACCEPTS, JOB_ID, ROOM, THROTTLES, Says, ScriptedCloud

OpenClient = Callable[..., MetaStudio]

STOPPED = Says(200)
LOST = Says(502)
NOTHING_RUNS = Says(200, {"count": 0, "smart_chat_jobs": []})


class Turnstile(RateLimiter):
    """A rate limiter that the test controls. It records when it is slowed down or sped up."""

    def __init__(self) -> None:
        super().__init__(0)
        self._given = asyncio.Semaphore(0)
        self.told: list[str] = []

    def give(self, count: int = 1) -> None:
        for _ in range(count):
            self._given.release()

    @override
    async def acquire(self) -> None:
        await self._given.acquire()

    @override
    def slow_down(self) -> None:
        self.told.append("slow down")

    @override
    def speed_up(self) -> None:
        self.told.append("speed up")


@pytest.fixture
def stops() -> Turnstile:
    return Turnstile()


async def stop(client: MetaStudio, seconds: float = 5) -> Answer:
    return await client.stop(ROOM.room_id, JOB_ID, app_user_id="U0MEI00001", seconds=seconds)


async def test_each_try_of_a_stop_waits_for_a_turn_of_its_own(
    open_client: OpenClient, stops: Turnstile
) -> None:
    cloud = ScriptedCloud(LOST, THROTTLES, STOPPED)
    stopping = asyncio.create_task(stop(open_client(cloud, stops=stops)))
    for sent in range(3):
        await asyncio.sleep(0.01)
        assert len(cloud.requests) == sent
        stops.give()
    assert (await stopping).http_status == 200
    assert stops.told == ["slow down", "speed up"]


async def test_as_many_stops_as_come_at_once_leave_in_turn(open_client: OpenClient, stops: Turnstile) -> None:
    cloud = ScriptedCloud(STOPPED)
    client = open_client(cloud, stops=stops)
    stopping = [asyncio.create_task(stop(client)) for _ in range(400)]
    stops.give(3)
    await asyncio.sleep(0.05)
    assert len(cloud.requests) == 3
    stops.give(397)
    answers = await asyncio.gather(*stopping)
    assert {answer.http_status for answer in answers} == {200}
    assert len(cloud.requests) == 400


async def test_waiting_for_a_turn_counts_into_no_time_limit(
    open_client: OpenClient, stops: Turnstile
) -> None:
    cloud = ScriptedCloud(LOST, STOPPED)
    client = open_client(cloud, stops=stops, jitter=lambda: -0.9)  # a pause of 0.05 s before the second try
    stopping = asyncio.create_task(stop(client, seconds=0.2))
    for _ in range(2):
        await asyncio.sleep(0.25)
        stops.give()
    assert (await stopping).http_status == 200


async def test_what_comes_after_the_turn_is_limited_as_ever(
    open_client: OpenClient, stops: Turnstile
) -> None:
    async def hang(_request: object) -> Says:
        await asyncio.sleep(60)
        return STOPPED

    stopping = asyncio.create_task(stop(open_client(ScriptedCloud(hang), stops=stops), seconds=0.1))
    await asyncio.sleep(0.15)
    stops.give()
    with pytest.raises(OutcomeUnknown, match=r"no_answer_in_time seconds=0\.1"):
        await stopping


async def test_starts_and_reads_wait_for_no_stop(open_client: OpenClient, stops: Turnstile) -> None:
    cloud = ScriptedCloud(ACCEPTS, NOTHING_RUNS)
    client = open_client(cloud, stops=stops)
    stopping = asyncio.create_task(stop(client))
    async with asyncio.timeout(5):
        assert (await client.start(ROOM, app_user_id="U0MEI00001", seconds=5)).job.job_id == JOB_ID
        assert await client.jobs_of_room(ROOM.room_id, seconds=5) == ()
    assert len(cloud.requests) == 2
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)


async def test_a_read_that_is_throttled_slows_reads_alone(open_client: OpenClient, stops: Turnstile) -> None:
    reads = Turnstile()
    reads.give(2)
    client = open_client(ScriptedCloud(THROTTLES, NOTHING_RUNS), stops=stops, reads=reads)
    with pytest.raises(MetaStudioError) as refused:
        await client.jobs_of_room(ROOM.room_id, seconds=5)
    assert isinstance(refused.value, Throttled)
    assert await client.jobs_of_room(ROOM.room_id, seconds=5) == ()
    assert (reads.told, stops.told) == (["slow down", "speed up"], [])
