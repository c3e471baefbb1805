"""The search of the form: quick starts and rooms, as far as the person may start them."""

import asyncio

from bot.domain.policy import Policy
from bot.domain.room_names import NamedRoom
from bot.errors import NotSent
from bot.listeners.about_form import FIRST_ROOMS_SECONDS
from bot.reasons import other
from tests.listeners.desk import AVATARS, Desk
from tests.listeners.forms import HALL, ROOM, ROOMS, STUDIO, form_of, prefilled


async def test_the_search_finds_quick_starts_and_rooms_by_their_names(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    await desk.types("/avatar", f"quick add lobby {ROOM} cn-north-4")
    await desk.types("/avatar", f"quick add hall-2 {HALL} --everywhere")
    metadata = (await form_of(desk))["private_metadata"]

    assert await desk.searches(desk.searching("", metadata)) == {
        "Quick starts of this channel": ["lobby"],
        "Quick starts of all channels": ["hall-2"],
        "Rooms": ["Lobby kiosk", "Grand hall"],
    }
    assert await desk.searches(desk.searching("HALL", metadata)) == {
        "Quick starts of all channels": ["hall-2"],
        "Rooms": ["Grand hall"],
    }
    assert await desk.searches(desk.searching("kiosk", metadata)) == {
        "Quick starts of this channel": ["lobby"],
        "Rooms": ["Lobby kiosk"],
    }
    assert await desk.searches(desk.searching("nowhere at all", metadata)) == {}
    assert desk.cloud.rooms_read == 1


async def test_the_search_offers_only_what_the_person_may_start(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    await desk.types("/avatar", f"quick add lobby {ROOM}")
    await desk.types("/avatar", f"quick add hall {HALL}")
    desk.policy = Policy.parse(
        f'[start]\nrooms = ["{HALL}"]\nquick_starts = ["lobby"]\nregions = ["cn-north-4"]'
    )
    metadata = (await form_of(desk))["private_metadata"]
    assert await desk.searches(desk.searching("", metadata)) == {
        "Quick starts of this channel": ["hall", "lobby"],
        "Rooms": ["Grand hall"],
    }
    assert await desk.searches(desk.searching(ROOM, metadata)) == {}


async def test_a_room_id_can_be_typed_where_the_rooms_cannot_be_listed(desk: Desk) -> None:
    desk.cloud.on_list_rooms = NotSent(other("the cloud is down"))
    metadata = (await form_of(desk))["private_metadata"]
    assert await desk.searches(desk.searching("", metadata)) == {}
    assert await desk.searches(desk.searching(" “kiosk_7” ", metadata)) == {"Room ID": ["Use the ID kiosk_7"]}
    assert await desk.searches(desk.searching("no/room", metadata)) == {}


async def test_an_id_that_is_not_listed_can_be_used_too(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    metadata = (await form_of(desk))["private_metadata"]
    other_id = ROOM.replace("2", "3")
    assert await desk.searches(desk.searching(other_id, metadata)) == {"Room ID": [f"Use the ID {other_id}"]}
    assert await desk.searches(desk.searching(ROOM, metadata)) == {"Rooms": ["Lobby kiosk"]}


async def test_two_hundred_quick_starts_and_rooms_of_any_script_are_searched(desk: Desk) -> None:
    desk.cloud.on_list_rooms = (
        NamedRoom("r1", "接待大厅 <前台>"),
        NamedRoom("r2", "غرفة الانتظار"),
        NamedRoom("r3", "🚀" * 100),
        *(NamedRoom(f"room-{number}", f"Room {number}") for number in range(2000)),
    )
    for number in range(200):
        await desk.types("/avatar", f"quick add q{number} {ROOM}")
    metadata = (await form_of(desk))["private_metadata"]
    found = await desk.searches(desk.searching("", metadata))
    assert sum(map(len, found.values())) == 100
    assert await desk.searches(desk.searching("q199", metadata)) == {"Quick starts of this channel": ["q199"]}
    assert await desk.searches(desk.searching("接待", metadata)) == {"Rooms": ["接待大厅 &lt;前台&gt;"]}
    assert await desk.searches(desk.searching("غرفة", metadata)) == {"Rooms": ["غرفة الانتظار"]}
    [[cut]] = (await desk.searches(desk.searching("🚀", metadata))).values()
    assert len(cut) == 75


async def test_a_search_asks_the_policy_about_the_chosen_channel(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    desk.policy = Policy.parse(f'[start]\nchannels = ["{STUDIO}"]')
    await desk.uses(desk.using("start_avatar"))
    [opened] = desk.slack.opened
    metadata = opened["view"]["private_metadata"]
    assert await desk.searches(desk.searching("", metadata)) == {}
    chosen = {"type": "conversations_select", "selected_conversation": STUDIO}
    assert await desk.searches(desk.searching("", metadata, channel=chosen)) == {
        "Rooms": ["Lobby kiosk", "Grand hall"]
    }


async def test_a_channel_in_which_nothing_may_be_started_any_more_is_not_in_the_way(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    await desk.types("/avatar-start", HALL)
    metadata = (await form_of(desk))["private_metadata"]
    desk.policy = Policy.parse(f'[start]\nchannels = ["{STUDIO}"]')
    chosen = {"type": "conversations_select", "selected_conversation": STUDIO}
    assert "Rooms" in await desk.searches(desk.searching("", metadata, channel=chosen))
    await desk.uses(desk.using("start_avatar"))
    assert prefilled(desk.slack.opened[-1]["view"]) == {}


async def test_a_region_is_not_offered_as_an_id(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    metadata = (await form_of(desk))["private_metadata"]
    assert await desk.searches(desk.searching("cn-north-4", metadata)) == {}


async def test_others_are_answered_while_a_long_policy_is_asked_about_many_rooms(desk: Desk) -> None:
    desk.cloud.on_list_rooms = [NamedRoom(f"room-{number}", f"Room {number}") for number in range(1000)]
    allowed = [f"hall-{number}" for number in range(1000)]
    metadata = (await form_of(desk))["private_metadata"]
    desk.policy = Policy.parse(f"[start]\nrooms = {allowed}")
    searching = asyncio.create_task(desk.searches(desk.searching("room", metadata)))
    answered = 0
    while not searching.done():
        await asyncio.sleep(0.001)
        answered += 1
    assert await searching == {}
    assert answered > 10


async def test_another_process_reads_the_rooms_at_the_first_search(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    assert await desk.searches(desk.searching("hall", f"i1 {AVATARS}")) == {"Rooms": ["Grand hall"]}


async def test_a_search_does_not_wait_long_for_a_slow_cloud(desk: Desk) -> None:
    is_answered = asyncio.Event()

    async def late() -> tuple[NamedRoom, ...]:
        await is_answered.wait()
        return ROOMS

    desk.cloud.on_list_rooms = late
    await desk.types("/avatar", f"quick add hall {HALL}")
    asyncio.get_running_loop().call_later(FIRST_ROOMS_SECONDS + 0.2, is_answered.set)
    search = desk.searching("hall", f"i1 {AVATARS}")
    assert await desk.searches(search) == {
        "Quick starts of this channel": ["hall"],
        "Room ID": ["Use the ID hall"],
    }
    assert "Rooms" in await desk.searches(search), "the next search finds them"
    assert desk.cloud.rooms_read == 1
