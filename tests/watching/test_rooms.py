"""What is known about rooms, and how seldom MetaStudio is asked about them."""

from dataclasses import dataclass, field

import pytest

from bot.errors import MetaStudioError, OperationUnknown, OutcomeUnknown, RoomUnknown, Throttled
from bot.reasons import other
from bot.watching.rooms import BLIND_SECONDS, FRESH_SECONDS, MOST_ROOMS, Rooms
from tests.fakes import FakeMetaStudio


@dataclass
class Play:
    now: float = 1000.0
    cloud: FakeMetaStudio = field(default_factory=FakeMetaStudio)

    def __post_init__(self) -> None:
        self.rooms = Rooms(self.cloud, clock=lambda: self.now)


@pytest.fixture
def play() -> Play:
    return Play()


async def test_a_room_is_asked_about_once_in_five_minutes(play: Play) -> None:
    assert play.rooms.name("lobby") is None
    for _ in range(3):
        assert (await play.rooms.look_up("lobby")).name == "The lobby"
    assert play.rooms.name("lobby") == "The lobby"
    play.now += FRESH_SECONDS - 1
    assert play.rooms.name("lobby") == "The lobby"
    play.now += 1
    assert play.rooms.name("lobby") is None
    await play.rooms.look_up("lobby")
    assert play.cloud.rooms == ["lobby"] * 2


async def test_no_room_has_no_name(play: Play) -> None:
    assert play.rooms.name(None) is None
    assert play.rooms.name("") is None


async def test_a_room_that_is_not_there_is_empty_and_not_asked_about_again(play: Play) -> None:
    play.cloud.on_room = RoomUnknown(other("No such room."))
    for _ in range(2):
        assert (await play.rooms.look_up("lobby")).told() == {}
    assert play.cloud.rooms == ["lobby"]


@pytest.mark.parametrize("error", [Throttled(other("Too many.")), OutcomeUnknown(other("No answer."))])
async def test_what_was_not_answered_is_asked_again(play: Play, error: MetaStudioError) -> None:
    play.cloud.on_room = error
    with pytest.raises(type(error)):
        await play.rooms.look_up("lobby")
    play.cloud.on_room = None
    assert (await play.rooms.look_up("lobby")).name == "The lobby"


async def test_where_metastudio_does_not_know_how_no_room_is_asked_about_for_a_while(play: Play) -> None:
    play.cloud.on_room = OperationUnknown(other("No such API."))
    for room in ("lobby", "hall", "lobby"):
        with pytest.raises(OperationUnknown):
            await play.rooms.look_up(room)
    assert play.cloud.rooms == ["lobby"]
    play.now += BLIND_SECONDS
    play.cloud.on_room = None
    assert (await play.rooms.look_up("hall")).name == "The hall"


async def test_however_many_rooms_there_are_only_so_many_are_kept(play: Play) -> None:
    for number in range(MOST_ROOMS + 10):
        await play.rooms.look_up(f"room-{number}")
    assert play.rooms.name("room-9") is None
    assert play.rooms.name("room-10") == "The room-10"
    assert len(play.rooms._told) == MOST_ROOMS
