"""The list of rooms: read once by however many want it, good for minutes, and left alone once refused."""

import asyncio

import pytest
from typing_extensions import override

from bot.domain.room_names import NamedRoom
from bot.errors import NotSent, OutcomeUnknown
from bot.jobs.room_list import BLIND_SECONDS, FRESH_SECONDS, YOUNG_SECONDS, RoomList
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.clock import Clock
from tests.fakes import FakeMetaStudio

KIOSK = NamedRoom("r1", "Lobby kiosk")


class Rooms(FakeMetaStudio):
    """Counts how often the list is read; it may never answer."""

    reads = 0
    hangs = False

    @override
    async def list_rooms(self, *, seconds: float) -> tuple[NamedRoom, ...]:
        self.reads += 1
        await asyncio.sleep(3600 if self.hangs else 0)
        return await super().list_rooms(seconds=seconds)


@pytest.fixture
def cloud() -> Rooms:
    return Rooms(on_list_rooms=(KIOSK, NamedRoom("r2", "r2")))


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def rooms(cloud: Rooms, time: Clock) -> RoomList:
    return RoomList(cloud, clock=time)


async def test_many_who_want_the_list_read_it_once_and_it_is_good_for_minutes(
    rooms: RoomList, cloud: Rooms, time: Clock
) -> None:
    assert rooms.known() is None
    assert rooms.name("r1") is None
    found = await asyncio.gather(*(rooms.look_up(seconds=5) for _ in range(20)))

    assert cloud.reads == 1
    assert set(found) == {(KIOSK, NamedRoom("r2", "r2"))}
    assert rooms.known() == found[0]
    assert (rooms.name("r1"), rooms.name("r2"), rooms.name("r3"), rooms.name(None)) == (
        "Lobby kiosk",
        None,
        None,
        None,
    )
    time.now += YOUNG_SECONDS
    assert rooms.known(max_age=YOUNG_SECONDS) is None
    await rooms.look_up(seconds=5)
    assert cloud.reads == 1
    await rooms.look_up(seconds=5, max_age=YOUNG_SECONDS)
    assert cloud.reads == 2
    time.now += FRESH_SECONDS
    assert rooms.known() is None
    assert rooms.name("r1") is None


async def test_a_refused_list_is_left_alone_for_a_while(rooms: RoomList, cloud: Rooms, time: Clock) -> None:
    cloud.on_list_rooms = OutcomeUnknown(reason(Code.LIST_UNREADABLE))
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await rooms.look_up(seconds=5)
    assert cloud.reads == 1

    cloud.on_list_rooms = (KIOSK,)
    time.now += BLIND_SECONDS
    assert await rooms.look_up(seconds=5) == (KIOSK,)


async def test_nobody_waits_longer_than_they_want_for_a_list_that_does_not_come(
    rooms: RoomList, cloud: Rooms
) -> None:
    cloud.hangs = True
    waiting = [asyncio.create_task(rooms.look_up(seconds=0.05)) for _ in range(2)]
    for each in waiting:
        with pytest.raises(NotSent):
            await each
    cloud.hangs = False
    assert KIOSK in await rooms.look_up(seconds=5)
