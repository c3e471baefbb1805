"""`/avatar quick …`, and what a word means after `/avatar-start` and `/avatar stop`."""

from typing import Any

import pytest
from typing_extensions import override

from bot.domain.invocation import Action, JobState, Status
from bot.domain.job import SmartChatJob
from bot.domain.policy import Policy
from bot.domain.quick_start import MOST_QUICK_STARTS, QuickStart
from bot.domain.room_names import NamedRoom
from bot.errors import Answer, DatabaseUnavailable, NotSent, RoomUnknown
from bot.metastudio.client import Started
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.quick_starts import QuickStarts
from tests.fakes import flat
from tests.graph import told_again
from tests.listeners.desk import AVATARS, JONAS, MEI, Desk

START, AVATAR = "/avatar-start", "/avatar"
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
OTHER = "5e0c1f7a-3d42-4b8e-9a61-c27f08d4e915"
ROOMS = (NamedRoom(ROOM, "Lobby kiosk"), NamedRoom(OTHER, "大堂"), NamedRoom("5e0c", "Lobby bar"))


async def quick(desk: Desk, text: str, **more: Any) -> str:
    ack = await desk.types(AVATAR, f"quick {text}", **more)
    return str(ack["text"])


async def said_late(desk: Desk, text: str, **more: Any) -> str:
    """Let Mei start something that takes so long that she is told what is under way."""
    desk.late_seconds = 0
    desk.channel.has_told.clear()

    async def after_the_remark() -> Started:
        await desk.channel.has_told.wait()
        return Started(SmartChatJob(job_id=f"job-{len(desk.cloud.starts)}"), Answer(http_status=202))

    desk.cloud.on_start = after_the_remark
    assert await desk.types(START, text, **more) == {}
    return desk.channel.told[-1].text


async def test_what_is_added_can_be_started_by_its_name(desk: Desk) -> None:
    said = await quick(desk, f"add lobby {ROOM} cn-north-4 client_id=kiosk-7")

    assert "Added the quick start `lobby` of this channel" in said
    assert "`/avatar-start lobby` starts it." in said
    row = flat(await desk.row())
    assert (row.action, row.status, row.room_id, row.lease_until) == (
        Action.QUICK,
        Status.DONE,
        ROOM,
        None,
    )
    assert await desk.types(START, "Lobby") == {}
    assert desk.channel.told == []
    row = flat(await desk.row())
    assert (row.status, row.room_id, row.region, row.client_id, row.text) == (
        Status.STARTED,
        ROOM,
        "cn-north-4",
        "kiosk-7",
        "Lobby",
    )


async def test_what_is_typed_beside_a_quick_start_counts(desk: Desk) -> None:
    await quick(desk, f"add lobby {ROOM} cn-north-4 room_type=metalink")
    await desk.types(START, "lobby cn-southwest-2 client_id=x")

    [request] = desk.cloud.started
    assert (request.region, request.room_type, request.client_id) == ("cn-southwest-2", "METALINK", "x")


async def test_the_channels_stands_before_everybodys_and_the_list_says_so(desk: Desk) -> None:
    await quick(desk, f"add lobby {OTHER} --everywhere")
    assert "comes before the `lobby` of all channels" in await quick(desk, f"add lobby {ROOM}")
    said = await quick(desk, "list")

    assert said.index("*Quick starts of this channel*") < said.index("*Quick starts of all channels*")
    assert "hidden here by this channel's `lobby`" in said
    assert said.count("hidden here") == 1
    await desk.types(START, "lobby")
    late = await said_late(desk, "lobby", channel_id="C0GENERAL1", channel_name="general")
    assert late.startswith("Starting `lobby`, a quick start of all channels: room `5e0c1f7a")
    assert [request.room_id for request in desk.cloud.started] == [ROOM, OTHER]
    assert "means the one of all channels here from now on" in await quick(desk, "remove lobby")
    assert "hidden" not in await quick(desk, "list")


@pytest.mark.parametrize("flag", ["--everywhere", "—everywhere", "-everywhere", "--EVERYWHERE"])
async def test_everywhere_is_for_admins_where_there_are_any(desk: Desk, flag: str) -> None:
    desk.policy = Policy.parse(f'admins = ["{JONAS}"]')
    for text in (f"add lobby {ROOM} {flag}", f"remove {flag} lobby", f"rename lobby hall {flag}"):
        said = await quick(desk, text)
        assert "Only the bot's admins may change quick starts of all channels." in said
        assert "Nothing was changed." in said
        assert (await desk.row()).status is Status.REFUSED
    assert "of all channels" in await quick(desk, f"add lobby {ROOM} {flag}", user_id=JONAS)


async def test_a_rename_and_a_removal_are_told(desk: Desk) -> None:
    await quick(desk, f"add lobby {ROOM}")

    assert "`lobby` of this channel is now `kiosk`" in await quick(desk, "rename lobby kiosk")
    assert f"Removed the quick start `kiosk` of this channel: room `{ROOM}`" in await quick(
        desk, "remove KIOSK"
    )
    assert "There is no quick start here." in await quick(desk, "list")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("add", "The name is missing.\nIt is `quick add NAME room_id [region]`."),
        ("rename desk", "It is `quick rename OLD NEW`."),
        ("remove", "It is `quick remove NAME`."),
        ("add desk", "The room ID is missing."),
        (f"add desk {ROOM}", "There is a quick start `desk` in this channel already.\nChoose another name"),
        ("rename hall desk", "There is a quick start `desk` in this channel already."),
        ("rename attic loft", "There is no quick start `attic` here."),
        ("remove dsek", "Did you mean `desk`? `/avatar quick list` shows all."),
        ("remove desk --everywhere", "`desk` is a quick start of this channel.\nLeave `--everywhere` out."),
        ("remove all", "`all` is a quick start of all channels.\nAdd `--everywhere` to change it."),
        ("remove desk --everwhere", "Did you mean `--everywhere`?"),
        (f"add büro {ROOM}", "`büro` cannot be a name. It holds U+00FC"),
        (f"add lobby! {ROOM}", "`lobby!` cannot be a name.\nA name has 1 to 32 small letters"),
        (f'add "lobby kiosk" {ROOM}', "`lobby kiosk` cannot be a name.\nA name has 1 to 32"),
        (f"add -lobby {ROOM}", "`-lobby` cannot be a name."),
        (f"add {'x' * 33} {ROOM}", "cannot be a name."),
        (f"add {ROOM} {ROOM}", "looks like an ID"),
        (f"add {ROOM.replace('-', '')} {ROOM}", "looks like an ID"),
        (f"add cn-north-4 {ROOM}", "looks like a region"),
        (f"add ap-southeast-3 {ROOM}", "looks like a region"),
        (f"add again {ROOM}", "means something else after `/avatar-start`"),
        (f"add loft {ROOM} cn-nroth-4", "Did you mean `cn-north-4`?"),
        (f"add loft {ROOM} cn-north-4 more", "`more` is one word too many."),
        ("panel now", "`now` is one word too many."),
        ("lsit", "There is no subcommand `lsit`."),
    ],
)
async def test_a_mistake_says_what_to_do_and_changes_nothing(desk: Desk, text: str, said: str) -> None:
    await quick(desk, f"add desk {ROOM}")
    await quick(desk, f"add hall {ROOM}")
    await quick(desk, f"add all {ROOM} --everywhere")
    before = await quick(desk, "list")

    answer = await quick(desk, text)
    assert said in answer
    assert "Nothing was changed." in answer
    assert answer.endswith("`/avatar quick help` shows what can be typed.")
    assert (await desk.row()).status is Status.INVALID
    assert await quick(desk, "list") == before


async def test_so_many_are_listed_as_far_as_they_fit_and_no_more_are_taken(desk: Desk) -> None:
    for number in range(MOST_QUICK_STARTS):
        await quick(desk, f"add room-{number} {ROOM}")

    assert f"There are {MOST_QUICK_STARTS} quick starts in this channel" in await quick(
        desk, f"add more {ROOM}"
    )
    said = await quick(desk, "list")
    assert len(said) <= 4000
    assert "`/avatar quick list BEGINNING` shows those whose name begins so." in said
    assert "`room-77`" not in said
    assert "`room-77`" in await quick(desk, "list room-7")


async def test_help_says_what_there_is(desk: Desk) -> None:
    assert "`/avatar quick panel`" in await quick(desk, "help")
    assert (await desk.row()).status is Status.DONE


async def test_a_database_that_is_away_is_told(desk: Desk) -> None:
    desk.log.shut = True
    said = await quick(desk, "list")
    assert "The database cannot be used" in said


@pytest.mark.parametrize(
    ("typed", "room", "words"),
    [
        ('"Lobby kiosk"', ROOM, "found by its name"),
        ("“lobby  KIOSK” cn-north-4", ROOM, "found by its name"),
        ('"lobby k"', ROOM, "found by how its name begins"),
        ("大堂", OTHER, "found by its name"),
        ("大", OTHER, "found by how its name begins"),
        ("room_id='Lobby kiosk'", ROOM, "found by its name"),
    ],
)
async def test_a_room_is_started_by_its_name_whether_the_list_is_known_or_not(
    desk: Desk, typed: str, room: str, words: str
) -> None:
    desk.cloud.on_list_rooms = ROOMS
    late = await said_late(desk, typed)
    row = flat(await desk.row())
    assert late.startswith("Looking for the room `")
    assert (row.status, row.room_id) == (Status.STARTED, room)
    assert row.room_name in {name.name for name in ROOMS if name.room_id == room}

    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(seconds=60)
    assert words in await said_late(desk, typed)
    assert [request.room_id for request in desk.cloud.started] == [room, room]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ('"Loby kiosk"', 'Did you mean `"Lobby kiosk"`?'),
        ('"the lobby-desk"', "Did you mean `lobby-desk`?"),
        ("räum", "no room called `räum`.\nA name with blanks"),
        ("lоft", "It holds U+043E (cyrillic small letter o)."),
    ],
)
async def test_a_name_that_means_nothing_is_told_with_what_is_near(desk: Desk, typed: str, said: str) -> None:
    desk.cloud.on_list_rooms = ROOMS
    await quick(desk, f"add lobby-desk {ROOM}")
    await desk.types(START, typed)
    assert said in desk.told()
    row = flat(await desk.row())
    assert (row.status, row.reason_code) == (Status.INVALID, Code.ROOM_NAME_UNKNOWN)

    ack = await desk.types(START, typed)
    assert said in ack["text"]
    assert "Nothing was started." in ack["text"]
    assert desk.cloud.started == []


async def test_a_name_of_several_rooms_is_told_with_their_ids(desk: Desk) -> None:
    desk.cloud.on_list_rooms = (*ROOMS, NamedRoom("twin", "lobby kiosk"))
    await desk.types(START, '"Lobby kiosk"')

    told = desk.told()
    assert "`Lobby kiosk` is the name of 2 rooms, or how their names begin." in told
    assert f"(`{ROOM}`)" in told
    assert "(`twin`)" in told


async def test_without_the_list_a_name_is_told_and_an_id_is_started(desk: Desk) -> None:
    desk.cloud.on_list_rooms = NotSent(reason(Code.UNREACHABLE, service="MetaStudio", host="x"))
    await desk.types(START, '"Lobby kiosk"')
    assert "🔴  *Lobby kiosk* was not started." in desk.told()
    assert "The room's name could not be looked up. MetaStudio cannot be reached at x." in desk.told()
    assert (await desk.row()).status is Status.FAILED

    await desk.types(START, "lobby")
    assert flat(await desk.row()).room_id == "lobby"
    assert len(desk.cloud.started) == 1


async def test_a_word_that_may_be_an_id_is_one_where_metastudio_has_such_a_room(desk: Desk) -> None:
    desk.cloud.on_list_rooms = (NamedRoom(ROOM, "Lobby kiosk"),)
    await desk.types(START, "lobby")
    assert flat(await desk.row()).room_id == "lobby"

    await desk.ends("job-1", JobState.ENDED)
    desk.cloud.unknown_rooms = {"lobby"}
    desk.clock.advance(seconds=60)
    await desk.types(START, "lobby")
    row = flat(await desk.row())
    assert (row.status, row.room_id, row.room_name) == (Status.STARTED, ROOM, "Lobby kiosk")
    assert [request.room_id for request in desk.cloud.started] == ["lobby", "lobby", ROOM]


async def test_the_policy_holds_for_the_room_that_a_name_means(desk: Desk) -> None:
    desk.policy = Policy.parse(f'[start]\nrooms = ["{OTHER}"]')
    desk.graph.gate.replace(desk.policy)
    desk.cloud.on_list_rooms = ROOMS
    await desk.types(START, '"Lobby kiosk"')
    row = flat(await desk.row())
    assert (row.status, row.room_id) == (Status.REFUSED, ROOM)
    assert f"Room `{ROOM}` may not be started with this bot." in desk.told()

    await desk.types(START, "大堂")
    assert (await desk.row()).status is Status.STARTED


async def test_a_name_is_held_back_as_a_duplicate_of_the_room_that_it_means(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    await desk.types(START, ROOM, user_id=JONAS)
    await desk.types(START, '"Lobby kiosk"')

    row = flat(await desk.row())
    assert (row.status, row.room_id, row.reason_code) == (Status.REFUSED, ROOM, Code.ALREADY_RUNNING)
    [told] = desk.channel.told
    assert f" · started by <@{JONAS}>" in told.text
    await desk.clicks("start_another", row.id)
    assert len(desk.cloud.started) == 2


@pytest.mark.parametrize("word", ["lobby", "kiosk-room", '"Lobby kiosk"', "“lobby k”"])
async def test_a_job_is_stopped_by_quick_start_room_and_name(desk: Desk, word: str) -> None:
    desk.cloud.on_list_rooms = (NamedRoom("kiosk-room", "Lobby kiosk"),)
    await quick(desk, "add lobby kiosk-room")
    await desk.types(START, '"Lobby kiosk"')
    await desk.types(START, "elsewhere")
    assert await desk.types(AVATAR, f"stop {word}") == {}
    assert desk.cloud.stopped == ["job-1"]


async def test_of_several_jobs_the_person_is_asked_which(desk: Desk) -> None:
    for client in ("a", "b"):
        await desk.types(START, f"lobby client_id={client}")
        await quick(desk, f"add {client} lobby client_id={client}")
    ack = await desk.types(AVATAR, "stop lobby")

    assert "2 jobs are meant by `lobby`, and none was stopped." in ack["text"]
    buttons = [block["accessory"]["value"] for block in ack["blocks"] if "accessory" in block]
    assert sorted(buttons) == ["lobby job-1", "lobby job-2"]
    assert desk.cloud.stopped == []
    await desk.types(AVATAR, "stop b")
    assert desk.cloud.stopped == ["job-2"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("lobby", "No job of `lobby` is running, as far as can be seen from here."),
        ("loby", "Did you mean `lobby`?"),
        ('"no such room"', "No job of `no such room` is running"),
        ("job-9", "The bot has not started a job `job-9`."),
        (ROOM, "The bot has not started a job"),
    ],
)
async def test_what_does_not_run_is_told(desk: Desk, word: str, said: str) -> None:
    await quick(desk, "add lobby kiosk-room")
    ack = await desk.types(AVATAR, f"stop {word}")

    assert said in ack["text"]
    assert (await desk.row()).status is Status.INVALID


async def test_a_job_in_a_channel_that_cannot_be_read_is_not_found_by_its_room(desk: Desk) -> None:
    await desk.types(START, "vault", user_id=JONAS, channel_id="G0PRIVATE1", channel_name="privategroup")
    ack = await desk.types(AVATAR, "stop vault")

    assert "The bot has not started a job `vault`." in ack["text"]
    assert desk.cloud.stopped == []


async def test_a_panel_starts_what_its_buttons_say_and_stays(desk: Desk) -> None:
    await quick(desk, f"add lobby {ROOM}")
    ack = await desk.types(AVATAR, "quick panel")
    assert "Posting the panel" in ack["text"]
    [panel] = desk.channel.posted
    [[button]] = [block["elements"] for block in panel.blocks if block["type"] == "actions"]
    assert (button["text"]["text"], button["value"]) == ("lobby", "lobby")
    row = flat(await desk.row())
    assert (row.action, row.status, row.response_url) == (Action.QUICK, Status.DONE, None)

    await desk.clicks("quick_start", button["value"])
    assert desk.channel.told == desk.channel.instead == []
    row = flat(await desk.row())
    assert (row.status, row.room_id, row.channel_id, row.user_id) == (Status.STARTED, ROOM, AVATARS, MEI)
    await desk.clicks("quick_start", button["value"], user={"id": JONAS, "team_id": "T0SANDBOX1"})
    assert (await desk.row()).status is Status.REFUSED
    assert desk.channel.instead == []


async def test_a_button_of_a_quick_start_that_is_gone_says_so(desk: Desk) -> None:
    await quick(desk, f"add lobby {ROOM}")
    await desk.clicks("quick_start", "loby")

    assert "There is no quick start `loby` here.\nDid you mean `lobby`?" in desk.told()
    assert desk.cloud.started == []


async def test_a_quick_start_whose_room_was_deleted_says_how_to_remove_it(desk: Desk) -> None:
    await quick(desk, f"add lobby {ROOM} --everywhere")
    desk.cloud.on_start = RoomUnknown(reason(Code.ROOM_UNKNOWN))
    await desk.types(START, "lobby")

    assert "MetaStudio does not know this room." in desk.told()
    assert "remove its quick start: `/avatar quick remove lobby --everywhere`" in desk.told()


async def test_a_room_id_that_metastudio_does_not_know_gets_what_is_near(desk: Desk) -> None:
    desk.cloud.on_list_rooms = ROOMS
    desk.cloud.unknown_rooms = {"lobby-kisok"}
    await desk.types(START, "lobby-kisok")

    assert 'Did you mean `"Lobby kiosk"`?' in desk.told()
    assert (await desk.row()).status is Status.FAILED


async def test_a_start_by_name_that_was_interrupted_can_be_pressed_again(desk: Desk) -> None:
    desk.cloud.on_list_rooms = NotSent(reason(Code.UNREACHABLE, service="MetaStudio", host="x"))
    await desk.types(START, '"Lobby kiosk" cn-north-4')
    desk.cloud.on_list_rooms = ROOMS
    desk.graph.room_list._refusal = None
    await desk.clicks("start_after_all", (await desk.row()).id)

    row = flat(await desk.row())
    assert (row.status, row.room_id, row.region) == (Status.STARTED, ROOM, "cn-north-4")


async def test_a_start_is_not_refused_because_the_quick_starts_are_slow_to_read(desk: Desk) -> None:
    class Slow(QuickStarts):
        @override
        async def named(self, team_id: str, channel_id: str | None, name: str) -> list[QuickStart]:
            raise DatabaseUnavailable(reason(Code.DATABASE_ANSWERS_SLOWLY))

    desk.graph.quick_starts = Slow(desk.log._database)
    await quick(desk, f"add lobby {ROOM}")
    desk.cloud.unknown_rooms = {"lobby"}
    await desk.types(START, "hall")
    await desk.types(START, "lobby")

    assert [row.status for row in await desk.rows()][-2:] == [Status.STARTED, Status.FAILED]
    assert "remove its quick start" not in desk.told()
    assert "Did you mean `lobby`?" in desk.told()


async def test_a_room_found_by_its_name_is_asked_about_also_where_a_button_started_it(desk: Desk) -> None:
    desk.cloud.on_list_rooms = (NamedRoom(ROOM, "Lobby kiosk"),)
    await desk.types("/avatar-start", ROOM, user_id=JONAS)
    desk.clock.advance(minutes=5)
    mistake = await desk.types("/avatar-start", '"Lobby kiosk" cn-nroth-4')
    [button] = mistake["blocks"][-2]["elements"]
    await desk.clicks("meant", button["value"])

    assert len(desk.cloud.started) == 1
    assert "is starting already." in desk.told()

    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(minutes=5)
    await desk.clicks("meant", button["value"])
    used = desk.channel.instead[-1].text
    assert "was not started.\nThis button works once" in used


async def test_who_is_asked_later_about_a_running_job_is_told_no_more_than_at_once(desk: Desk) -> None:
    desk.cloud.on_list_rooms = (NamedRoom(ROOM, "Lobby kiosk"),)
    private = {"channel_id": "G0SECRET01", "channel_name": "privategroup"}
    await desk.types("/avatar-start", ROOM, user_id=JONAS, **private)
    desk.clock.advance(minutes=5)
    desk.channel.deaf = True
    await desk.types("/avatar-start", '"Lobby kiosk"')
    desk.channel.deaf = False
    desk.clock.advance(minutes=5)
    await told_again(desk.graph.outcomes)

    assert "is starting already" in desk.told()
    assert "Start another" in str(desk.channel.told)
    assert JONAS not in str(desk.channel.told)
