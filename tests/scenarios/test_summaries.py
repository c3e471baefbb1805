"""The summary is always complete: what a start leaves out is read later, stored, and shown by an edit."""

import json
from typing import Any, Literal

import pytest

from bot.domain.invocation import JobState
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import Message, SlackStandIn
from bot.settings import Settings
from tests.fakes import flat
from tests.stage import AVATARS, GENERAL, MEI, ROOM, Clock, Stage, StagedWith, buttons, staged, until

SUMMARY = ("Video ", "Voice ")


def has_summary(message: Message) -> bool:
    return all(fact in message.text for fact in SUMMARY)


async def configuration(stage: Stage) -> dict[str, Any]:
    """Return the configuration in the newest row."""
    values: dict[str, Any] = json.loads(flat((await stage.log())[-1]).configuration or "")
    return values


async def test_a_start_that_is_answered_with_a_job_id_alone_is_announced_at_once_and_completed_by_an_edit(
    stage: Stage,
) -> None:
    announcement = await stage.starts("bare")
    assert stage.metastudio.jobs[0].job_id in announcement.text
    assert "None" not in str(announcement.blocks)
    assert "Voice" not in announcement.text

    await until(lambda: has_summary(announcement))
    assert "is starting" in announcement.text
    assert buttons(announcement) == ["Stop", "Details", "RTC access"]
    assert {"video_config", "voice_config_list"} <= (await configuration(stage)).keys()
    assert stage.asked("state") == 0

    stage.clock.advance(3)
    await until(lambda: "is running" in announcement.text)
    assert has_summary(announcement)
    assert stage.announced() == [announcement]
    assert not [
        signature for signature in stage.metastudio.issued_signatures if signature in str(await stage.log())
    ]


async def test_where_the_jobs_own_state_says_nothing_either_the_room_is_asked(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts("bare-state")
    await until(lambda: has_summary(announcement))

    assert (stage.asked("state"), stage.asked("room")) == (1, 1)
    assert {"video_config", "voice_config_list"} <= (await configuration(stage)).keys()


async def test_where_nobody_says_anything_the_announcement_stays_and_nothing_is_asked_for_ever(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    announcement = await stage.starts("bare-all")
    await until(lambda: (stage.asked("state"), stage.asked("room")) == (1, 1))
    looks = stage.asked("jobs")
    await until(lambda: stage.asked("jobs") > looks)

    assert not any(fact in announcement.text for fact in (*SUMMARY, "Voice", "None"))
    assert buttons(announcement) == ["Stop", "Details", "RTC access"]
    assert (stage.asked("state"), stage.asked("room")) == (1, 1)


async def test_a_job_that_was_found_again_gets_its_summary_too(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    stage.metastudio.trouble.reset_connections("start", times=1, after=True)
    await stage.types("bare-state")
    [announcement] = stage.announced()
    assert "The call was cut off; the job had started." in announcement.text
    await until(lambda: has_summary(announcement))
    assert "The call was cut off; the job had started." in announcement.text
    assert stage.asked("start") == 1


async def test_another_process_completes_what_one_has_left(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, either_way: Settings, clock: Clock
) -> None:
    metastudio.trouble.server_errors("jobs")
    async with staged(slack, metastudio, either_way, clock) as before:
        announcement = await before.starts("bare")
    assert "Voice" not in announcement.text

    metastudio.trouble.clear()
    async with staged(slack, metastudio, either_way, clock):
        await until(lambda: has_summary(announcement))


@pytest.mark.parametrize(("operation", "trouble"), [("state", "throttle"), ("room", "garble")])
async def test_what_cannot_be_read_at_first_is_read_later(
    staged_with: StagedWith,
    metastudio: MetaStudioStandIn,
    operation: Literal["state", "room"],
    trouble: str,
) -> None:
    getattr(metastudio.trouble, trouble)(operation, times=1)
    async with staged_with() as stage:
        announcement = await stage.starts("bare-state")
        await until(lambda: has_summary(announcement))
        assert stage.asked(operation) == 2


async def test_where_a_jobs_state_is_not_told_for_long_the_room_completes_the_announcement_meanwhile(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    stage.metastudio.trouble.server_errors("jobs")
    announcement = await stage.starts("bare")
    await until(lambda: has_summary(announcement), 15)


async def test_where_jobs_cannot_be_asked_about_the_room_completes_the_announcement(
    staged_with: StagedWith, metastudio: MetaStudioStandIn
) -> None:
    metastudio.trouble.unsupport(code="APIGW.0101")
    async with staged_with() as stage:
        first = await stage.starts("bare")
        await until(lambda: has_summary(first))
        second = await stage.starts("bare-state")
        await until(lambda: has_summary(second))
        assert (stage.asked("jobs"), stage.asked("state"), stage.asked("room")) == (1, 0, 2)


async def test_where_nothing_can_be_asked_about_the_announcement_stays_as_it_is(
    staged_with: StagedWith, metastudio: MetaStudioStandIn
) -> None:
    metastudio.trouble.unsupport()
    metastudio.trouble.unsupport("room")
    async with staged_with() as stage:
        first, second = await stage.starts("bare"), await stage.starts("bare-state")
        await until(lambda: stage.asked("room") == 1)
        third = await stage.starts()
        assert "Voice" not in first.text + second.text
        assert "Voice " in third.text
        assert stage.asked("room") == 1


async def test_an_announcement_that_cannot_be_edited_does_not_keep_its_row_from_being_completed(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    announcement = await stage.starts("bare", channel=GENERAL)
    assert announcement.origin == "response_url"
    await stage.until_logged(lambda rows: "voice_config_list" in (flat(rows[0]).configuration or ""))
    stage.clock.advance(4)
    [row] = await stage.until_logged(lambda rows: flat(rows[0]).job_state is JobState.RUNNING)
    assert row.room_name == "bare"
    assert "Voice" not in announcement.text


async def test_a_job_that_is_over_at_the_first_look_is_completed_with_its_end(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts("bare")
    await stage.clicks("Stop", announcement)
    await until(lambda: f"was stopped by <@{MEI}>" in announcement.text)
    await until(lambda: has_summary(announcement))

    def thread() -> list[Message]:
        messages = stage.slack.messages(channel=AVATARS)
        return [message for message in messages if message.thread_ts == announcement.ts]

    await until(lambda: len(thread()) > 0)
    assert len(thread()) == 1


async def test_a_start_whose_answer_says_all_costs_one_question_about_its_room_in_five_minutes(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    first = await stage.runs(ROOM)
    await until(lambda: "*Lobby kiosk* " in first.text)
    second = await stage.starts(f"{ROOM} client_id=another")
    assert "*Lobby kiosk* " in second.text
    assert [row.room_name for row in await stage.log()] == ["Lobby kiosk"] * 2
    assert (stage.asked("state"), stage.asked("room")) == (0, 1)
