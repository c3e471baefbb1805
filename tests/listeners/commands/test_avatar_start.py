"""`/avatar-start`, from the payload to the row and the ack."""

import pytest

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.job import SmartChatJob
from bot.domain.policy import Policy
from bot.errors import Answer, Rejected
from bot.jobs.start import Duplicate, why_not
from bot.messages.reasons import sentence
from bot.metastudio.client import Started
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from tests.fakes import changed, flat
from tests.listeners.desk import JONAS, MEI, Desk

START = "/avatar-start"


async def test_a_start_is_acknowledged_without_words_and_carried_out(desk: Desk) -> None:
    ack = await desk.types(START, "lobby cn-north-4 room_type=metalink client_id=desk-7")

    assert ack == {}
    assert desk.channel.told == []
    row = await desk.row()
    assert (row.action, row.source, row.status) == (Action.START, Source.COMMAND, Status.STARTED)
    assert (flat(row).room_id, flat(row).region, flat(row).room_type, flat(row).client_id) == (
        "lobby",
        "cn-north-4",
        "METALINK",
        "desk-7",
    )
    assert (row.origin.user_id, flat(row).job_id) == (MEI, "job-1")
    assert "job-1" in desk.channel.announced[0]


async def test_who_waits_for_a_start_is_told_once_that_it_is_under_way(desk: Desk) -> None:
    desk.late_seconds = 0

    async def after_the_remark() -> Started:
        await desk.channel.has_told.wait()
        return Started(SmartChatJob(job_id="job-1"), Answer(http_status=202))

    desk.cloud.on_start = after_the_remark
    await desk.types(START, "lobby cn-north-4")

    assert (
        desk.told()
        == "⏳  Starting room `lobby` in CN North-Beijing4 … The result comes as a message of its own."
    )
    assert "job-1" in desk.channel.announced[0]


async def test_a_start_that_fails_at_once_is_one_message(desk: Desk) -> None:
    desk.cloud.on_start = Rejected(other("The room is closed."))
    assert await desk.types(START, "lobby") == {}

    assert desk.told().startswith("🔴  Room `lobby` was not started.\nThe room is closed.")
    assert desk.channel.announced == []


@pytest.mark.parametrize("text", ["help", "?", "--HELP"])
async def test_how_the_command_is_used_is_answered_and_logged(desk: Desk, text: str) -> None:
    ack = await desk.types(START, text)

    assert "/avatar-start room_id [region]" in ack["text"]
    row = await desk.row()
    assert (row.action, row.status, row.origin.response_url) == (Action.HELP, Status.DONE, None)
    assert desk.cloud.started == []


async def test_a_mistake_is_explained_and_logged(desk: Desk) -> None:
    ack = await desk.types(START, "lobby cn-nroth-4")

    assert ack["response_type"] == "ephemeral"
    assert "Did you mean `cn-north-4`?" in ack["text"]
    assert "Nothing was started." in ack["text"]
    row = await desk.row()
    assert (row.action, row.status, row.text) == (Action.START, Status.INVALID, "lobby cn-nroth-4")
    assert row.reason
    assert sentence(row.reason) in ack["text"]
    assert desk.cloud.started == []


async def test_what_the_policy_forbids_is_refused_and_logged_with_what_was_asked_for(desk: Desk) -> None:
    desk.policy = Policy.parse(f'[start]\nusers = ["{JONAS}"]')
    ack = await desk.types(START, "lobby")

    assert "You may not start avatars with this bot." in ack["text"]
    row = await desk.row()
    assert (row.status, flat(row).room_id) == (Status.REFUSED, "lobby")
    assert desk.cloud.started == []
    await desk.types(START, "lobby", user_id=JONAS)
    assert len(desk.cloud.started) == 1


async def test_a_second_start_a_moment_later_is_held_back_and_can_be_wanted_all_the_same(desk: Desk) -> None:
    await desk.types(START, "lobby cn-north-4", user_id=JONAS)
    desk.clock.advance(seconds=3)
    ack = await desk.types(START, "lobby cn-north-4")

    assert f"Job `job-1` · started by <@{JONAS}>, 3 s ago" in ack["text"]
    assert len(desk.cloud.started) == 1
    row = await desk.row()
    assert (row.origin.user_id, flat(row).room_id, row.status, row.reason) == (
        MEI,
        "lobby",
        Status.REFUSED,
        reason(Code.ALREADY_RUNNING, user_id=JONAS),
    )
    [buttons] = [block["elements"] for block in ack["blocks"] if block["type"] == "actions"]
    assert [button["action_id"] for button in buttons] == ["open_announcement", "stop_job", "start_another"]
    await desk.clicks("start_another", buttons[-1]["value"])
    assert len(desk.cloud.started) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.STARTING, Code.DUPLICATE_UNDER_WAY),
        (Status.UNKNOWN, Code.DUPLICATE_UNKNOWN),
    ],
)
async def test_the_log_says_of_a_duplicate_how_far_the_first_start_has_come(
    desk: Desk, status: Status, code: Code
) -> None:
    await desk.types(START, "lobby", user_id=JONAS)

    found = Duplicate(changed(await desk.row(), status=status))
    assert why_not(found) == reason(code, user_id=JONAS)


async def test_the_same_delivery_is_acknowledged_and_carried_out_once(desk: Desk) -> None:
    payload = desk.typing(START, "lobby")
    await desk.hands_over(payload)

    assert await desk.hands_over(payload) == {}
    assert len(await desk.rows()) == 1
    assert len(desk.cloud.started) == 1


@pytest.mark.parametrize("text", ["lobby", "help", "lobby cn-nroth-4"], ids=["start", "help", "mistake"])
async def test_nothing_is_started_that_cannot_be_logged_and_the_person_is_told(desk: Desk, text: str) -> None:
    desk.log.shut = True
    ack = await desk.types(START, text)

    assert ack["response_type"] == "ephemeral"
    assert "The database cannot be used: disk is full." in ack["text"]
    assert "Nothing was started." in ack["text"]
    assert desk.cloud.started == []
    assert await desk.rows() == []


async def test_a_text_that_nobody_expects_is_answered(desk: Desk) -> None:
    for text in ("\0", "=", "x" * 5000, "<!channel>", "room_id=", "\ud800", "a b c d", "région"):
        desk.channel.told.clear()
        ack = await desk.types(START, text)
        said = ack.get("text") or desk.told()
        assert "<!channel>" not in said
    assert {row.status for row in await desk.rows()} == {Status.INVALID}


async def test_a_mistyped_region_is_mended_by_one_click_that_works_once(desk: Desk) -> None:
    ack = await desk.types(START, "lobby cn-nroth-4 client_id=desk-7")
    [[button]] = [block["elements"] for block in ack["blocks"] if block["type"] == "actions"]
    assert button["text"]["text"] == "Start in cn-north-4"
    mistyped = await desk.row()
    await desk.clicks("meant", button["value"])
    row = await desk.row()
    assert (row.status, row.previous_id) == (Status.STARTED, mistyped.id)
    assert (flat(row).room_id, flat(row).region, flat(row).client_id) == ("lobby", "cn-north-4", "desk-7")

    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(minutes=1)
    await desk.clicks("meant", button["value"])
    assert len(desk.cloud.started) == 1
    assert "This button works once" in desk.channel.instead[-1].text
