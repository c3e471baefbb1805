"""Mistakes, each with a button that does what was meant."""

from typing import Any

import pytest

from bot.domain.invocation import Action, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from bot.domain.room_names import NamedRoom
from tests.fakes import flat
from tests.listeners.desk import JONAS, Body, Desk

ROOM = "24bad716-87b1-45e5-8912-6102f7693265"


def buttons(blocks: Any) -> list[dict[str, Any]]:
    return [each for block in blocks or () for each in block.get("elements", ()) if "action_id" in each]


def labels(ack: Body) -> list[str]:
    return [str(each["text"]["text"]) for each in buttons(ack.get("blocks"))]


async def mends(desk: Desk, ack: Body, **who: Any) -> None:
    [button] = buttons(ack["blocks"])
    await desk.clicks("meant", button["value"], **who)


@pytest.mark.parametrize(
    ("command", "text", "label"),
    [
        ("/avatar", "jbos", "Show the jobs"),
        ("/avatar", "hlep", "/avatar help"),
        ("/avatar", "quik list", "/avatar quick list"),
        ("/avatar", "stpo lobby", "Stop lobby"),
        ("/avatar", "start atrium cn-north-4", "Start atrium cn-north-4"),
        ("/avatar", "start", "/avatar-start help"),
        ("/avatar-start", "jobs", "Show the jobs"),
        ("/avatar-start", "stop lobby", "Stop lobby"),
        ("/avatar-start", "quick list", "/avatar quick list"),
        ("/avatar-start", "lobby cn-nroth-4", "Start in cn-north-4"),
        ("/avatar-start", "lobby room_type=RTX", "Start as RTC"),
        ("/avatar-start", "lobby rom_type=RTC", "Start lobby room_type=RTC"),
        ("/avatar-start", "Lobby kiosk cn-north-4", 'Start "Lobby kiosk" cn-north-4'),
    ],
)
async def test_a_mistake_offers_what_was_meant(desk: Desk, command: str, text: str, label: str) -> None:
    ack = await desk.types(command, text)

    assert labels(ack) == [label]
    assert (await desk.row()).status is Status.INVALID
    assert desk.cloud.operations == []


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("/avatar", "stpo"),
        ("/avatar", "xyzzy"),
        ("/avatar", "start atrium cn-nroth-4"),
        ("/avatar-start", "stop"),
        ("/avatar-start", "lobby cn-nroth-4 please"),
        ("/avatar-start", f"lobby cn-nroth-4 client_id={'x' * 200}"),
    ],
)
async def test_what_would_be_another_mistake_is_not_offered(desk: Desk, command: str, text: str) -> None:
    ack = await desk.types(command, text)
    assert labels(ack) == []
    assert ack["text"]


async def test_the_words_of_the_button_take_the_way_of_typed_ones(desk: Desk) -> None:
    await mends(desk, await desk.types("/avatar", "start lobby cn-north-4 client_id=desk-7"))

    row = await desk.row()
    mistake = (await desk.rows())[0]
    assert (row.source, row.status, row.previous_id) == (Source.COMMAND, Status.STARTED, mistake.id)
    assert row.text == "lobby cn-north-4 client_id=desk-7"
    assert (flat(row).room_id, flat(row).region, flat(row).client_id) == ("lobby", "cn-north-4", "desk-7")

    await mends(desk, await desk.types("/avatar", "jbos"))
    assert "1 avatar job is under way." in desk.channel.told[-1].text
    assert (await desk.row()).action is Action.JOBS

    ack = await desk.types("/avatar-start", "stop lobby")
    assert buttons(ack["blocks"])[0]["confirm"]["title"]["text"] == "Stop this job?"
    await mends(desk, ack)
    assert desk.cloud.stopped == ["job-1"]


async def test_a_quick_start_of_such_a_name_comes_first(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add jobs {ROOM}")
    await desk.types("/avatar-start", "jobs")
    assert [request.room_id for request in desk.cloud.started] == [ROOM]


async def test_who_may_not_do_what_was_meant_is_not_offered_it_and_cannot_do_it(desk: Desk) -> None:
    ack = await desk.types("/avatar", "start lobby")
    desk.policy = Policy.parse("[start]\nusers = []\n[stop]\nusers = []")
    assert labels(await desk.types("/avatar", "start lobby")) == []
    assert labels(await desk.types("/avatar-start", "stop lobby")) == []

    await mends(desk, ack)
    assert "You may not start avatars with this bot." in desk.channel.told[-1].text
    assert (await desk.row()).status is Status.REFUSED
    assert desk.cloud.operations == []


async def test_a_button_that_names_no_mistake_does_nothing(desk: Desk) -> None:
    await desk.types("/avatar-start", "lobby")
    for value in ("i1 /avatar-start lobby", "i99 /avatar jobs", "i1 /other x", "", "i1"):
        await desk.clicks("meant", value)
        assert "This button is about no mistake." in desk.channel.told[-1].text
    assert len(desk.cloud.started) == 1


async def test_an_id_with_a_slip_offers_the_room_that_was_meant(desk: Desk) -> None:
    desk.cloud.on_list_rooms = (NamedRoom(ROOM, "Lobby kiosk"),)
    slip = ROOM.replace("8912", "8921")
    desk.cloud.unknown_rooms = {slip}
    await desk.types("/avatar-start", '"Lobby kiosk"', user_id=JONAS)
    await desk.types("/avatar-start", f"{slip} client_id=x")

    told = desk.channel.told[-1]
    assert f"Did you mean `{ROOM}`?" in told.text
    [meant, *_] = buttons(told.blocks)
    assert meant["text"]["text"] == f"Start {ROOM} client_id=x"
    await desk.clicks("meant", meant["value"])
    assert flat(await desk.row()).room_id == ROOM


async def test_the_id_of_a_job_in_place_of_a_room_offers_the_job(desk: Desk) -> None:
    await desk.types("/avatar-start", "lobby", user_id=JONAS)
    desk.cloud.unknown_rooms = {"job-1"}
    desk.cloud.on_list = [JobReport(job_id="job-1")]
    await desk.types("/avatar-start", "job-1")

    told = desk.channel.told[-1]
    assert "This is the ID of a job." in told.text
    assert [each["text"]["text"] for each in buttons(told.blocks)] == ["Details", "Stop"]
    assert buttons(told.blocks)[1]["value"] == "lobby job-1"
