"""The same room and region within ten seconds is a duplicate, unless a person insists."""

import asyncio

import pytest

from bot.domain.invocation import Source, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.settings import RunningRoom
from tests.fakes import flat
from tests.stage import JONAS, MEI, Stage, StagedWith, buttons


@pytest.mark.parametrize("asked", [("lobby", "lobby"), ("lobby cn-north-4", "lobby cn-north-4")])
async def test_a_second_wish_for_the_same_is_refused_and_told_whose_the_first_was(
    stage: Stage, asked: tuple[str, str]
) -> None:
    first, second = asked
    await stage.types(first)
    stage.clock.advance(4)
    result = await stage.types(second, user=JONAS)

    [job] = stage.metastudio.jobs
    told = stage.said(JONAS)[-1]
    assert result.error is None
    assert told.visible_to == JONAS
    assert f"Job `{job.job_id}` · started by <@{MEI}>, 4 s ago" in told.text
    assert "Your start was not sent" in told.text
    assert buttons(told) == ["Open it", "Stop it", "Start another"]
    rows = await stage.log()
    made, refused = rows
    assert (made.origin.user_id, made.status) == (MEI, Status.STARTED)
    assert (refused.origin.user_id, refused.status) == (JONAS, Status.REFUSED)
    assert rows[1].reason == reason(Code.DUPLICATE_STARTED, user_id=MEI)


async def test_who_wants_another_one_gets_one_however_often_they_click(stage: Stage) -> None:
    await stage.types("lobby cn-north-4")
    await stage.types("lobby cn-north-4", user=JONAS)
    told = stage.said(JONAS)[-1]
    await asyncio.gather(*(stage.clicks("Start another", told, user=JONAS) for _ in range(2)))

    assert (
        told.text
        == "⏳  Starting room `lobby` in CN North-Beijing4 … The result comes as a message of its own."
    )
    assert stage.metastudio.starts_made == {"lobby": 2}
    assert len(stage.announced()) == 2
    clicked = [row for row in await stage.log() if row.source is Source.BUTTON]
    assert sorted(row.status for row in clicked) == [Status.REFUSED, Status.STARTED]
    assert {(row.origin.user_id, flat(row).room_id, flat(row).region) for row in clicked} == {
        (JONAS, "lobby", "cn-north-4")
    }


async def test_of_many_who_ask_at_once_one_is_served(stage: Stage) -> None:
    await asyncio.gather(*(stage.slack.command("/avatar-start", "lobby") for _ in range(20)))
    await stage.bot.tasks.idle()

    assert stage.metastudio.starts_made == {"lobby": 1}
    statuses = [row.status for row in await stage.log()]
    assert (statuses.count(Status.STARTED), statuses.count(Status.REFUSED)) == (1, 19)


async def test_another_room_or_region_a_failed_start_and_a_later_wish_are_no_duplicates(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    for text in ("lobby cn-north-4", "lobby cn-southwest-2", "hall cn-north-4", "busy", "busy"):
        await stage.types(text)
    stage.clock.advance(11)
    await stage.types("lobby cn-north-4")

    assert stage.metastudio.starts_made == {"lobby": 3, "hall": 1}
    assert stage.metastudio.starts_received["busy"] == 2
    assert Status.REFUSED not in {row.status for row in await stage.log()}


async def test_a_room_in_which_a_job_runs_is_asked_about_first(staged_with: StagedWith) -> None:
    async with staged_with(AVATAR_RUNNING_ROOM=RunningRoom.ASK) as stage:
        announcement = await stage.runs("lobby")
        stage.clock.advance(60)
        await stage.types("lobby cn-southwest-2", user=JONAS)
        told = stage.said(JONAS)[-1]
        assert told.text.startswith("🟢  Room `lobby` is running already.\n")
        assert buttons(told) == ["Open it", "Stop it", "Start another"]
        assert f"/archives/{announcement.channel}/p{announcement.ts.replace('.', '')}" in str(told.blocks)
        assert stage.metastudio.starts_made == {"lobby": 1}

        await stage.clicks("Start another", told, user=JONAS)
        assert stage.metastudio.starts_made == {"lobby": 2}
