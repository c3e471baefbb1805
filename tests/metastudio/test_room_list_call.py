"""Listing rooms: all pages of it, and of each item only what can be used."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.domain.room_names import NamedRoom
from bot.errors import OutcomeUnknown
from bot.metastudio.client import MAX_ROOM_PAGES, MetaStudio
from bot.sandbox.metastudio import MetaStudioStandIn
from tests.metastudio.cloud import Says, ScriptedCloud
from tests.metastudio.ways import account_of, settings_at

OpenClient = Callable[..., MetaStudio]


def page_of(first: int, length: int, count: Any) -> Says:
    items = [
        {"room_id": f"r{number}", "room_name": f"Room {number}"} for number in range(first, first + length)
    ]
    return Says(200, {"count": count, "smart_chat_rooms": items})


async def test_the_stand_ins_rooms_have_their_names(connect: Any, clock: Any) -> None:
    async with MetaStudioStandIn(account_of("keys"), clock=lambda: clock().timestamp()) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, "keys"))
        rooms = await metastudio.list_rooms(seconds=5)
    assert NamedRoom("24bad716-87b1-45e5-8912-6102f7693265", "Lobby kiosk") in rooms


async def test_all_pages_are_read_and_a_room_that_stands_on_two_counts_once(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(page_of(0, 100, 150), page_of(99, 51, 150))
    rooms = await open_client(cloud).list_rooms(seconds=5)

    assert len(rooms) == 150
    asked = [parse_qs(request.url.query.decode()) for request in cloud.requests]
    assert [query["offset"] for query in asked] == [["0"], ["100"]]
    assert [query["limit"] for query in asked] == [["100"], ["100"]]


async def test_no_more_pages_are_read_than_a_project_can_sensibly_have(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(*(page_of(100 * number, 100, 10**6) for number in range(MAX_ROOM_PAGES)))
    assert len(await open_client(cloud).list_rooms(seconds=5)) == 100 * MAX_ROOM_PAGES


async def test_what_cannot_be_used_of_a_list_is_left_out(open_client: OpenClient) -> None:
    items = [
        None,
        {"room_name": "no ID"},
        {"room_id": "../x", "room_name": "a path"},
        {"room_id": 7, "room_name": "a number"},
        {"room_id": "r1"},
        {"room_id": "r2", "room_name": "  Lobby\u200b \n kiosk "},
        {"room_id": "r3", "room_name": ["x"]},
    ]
    cloud = ScriptedCloud(Says(200, {"smart_chat_rooms": items}))
    rooms = await open_client(cloud).list_rooms(seconds=5)
    assert rooms == (NamedRoom("r1", "r1"), NamedRoom("r2", "Lobby kiosk"), NamedRoom("r3", "r3"))


@pytest.mark.parametrize("body", [b"", b"[]", {"smart_chat_rooms": None}, {"smart_chat_jobs": []}])
async def test_an_answer_without_a_list_is_none(open_client: OpenClient, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        await open_client(ScriptedCloud(Says(200, body))).list_rooms(seconds=5)
