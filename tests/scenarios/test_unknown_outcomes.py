"""A start of unknown outcome: the bot looks for its job, and never sends a second start by itself."""

import asyncio

import pytest

from bot.domain.invocation import Action, Source, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.sandbox.slack import Message
from tests.fakes import flat
from tests.stage import MEI, Console, Stage, StagedWith, buttons, until

NOTE = "The call was cut off; the job had started."


def told_of(stage: Stage, room: str) -> Message:
    """Return the last private message to Mei about a room whose start is unknown."""
    return [message for message in stage.news() if f"whether room `{room}` started" in message.text][-1]


@pytest.mark.parametrize("trouble", ["hang", "server_errors", "reset_connections", "garble"])
async def test_the_job_that_was_made_is_found_and_announced_with_a_note(
    staged_with: StagedWith, trouble: str
) -> None:
    async with staged_with(AVATAR_START_TIMEOUT=1) as stage:
        getattr(stage.metastudio.trouble, trouble)("start", after=True, times=1)
        announcement = await stage.starts("lobby client_id=kiosk-7")

        [job] = stage.metastudio.jobs
        assert announcement.visible_to is None
        assert job.job_id in announcement.text
        assert NOTE in announcement.text
        assert len(stage.news()) == 1
        [row] = await stage.log()
        assert (row.status, flat(row).job_id, row.reason) == (
            Status.STARTED,
            job.job_id,
            reason(Code.ADOPTED),
        )
        assert row.told.announced_at is not None
        assert stage.metastudio.starts_received == {"lobby": 1}


async def test_where_no_job_is_found_the_person_decides(socket_stage: Stage, console: Console) -> None:
    stage = socket_stage
    others = await stage.starts("shared cn-north-4")
    stage.metastudio.trouble.server_errors("start", times=3)
    stage.metastudio.trouble.garble("jobs")
    texts = ("late", "never", "shared cn-southwest-2")
    await asyncio.gather(*(stage.types(text) for text in texts))

    for room in ("late", "never", "shared"):
        told = told_of(stage, room)
        assert told.visible_to == MEI
        assert "MetaStudio had an internal error." in told.text
        assert "MetaStudio could not be asked which jobs run." in told.text
        assert "look at the room's jobs in the MetaStudio console" in told.text
        assert buttons(told) == ["Look again", "Start anyway"]
    started, *unknown = await stage.log()
    assert str(flat(started).job_id) in others.text
    assert {(row.status, row.answer.http_status, row.answer.error_code) for row in unknown} == {
        (Status.UNKNOWN, 500, "MSS.00000004")
    }

    # Look again finds nothing: a job that belongs to somebody does not count.
    stage.metastudio.trouble.clear()
    for room in ("late", "shared"):
        await stage.clicks("Look again", told_of(stage, room))
        assert "MetaStudio lists no new job in this room." in told_of(stage, room).text
        assert "Looked again: " in str(told_of(stage, room).blocks)

    # Then the job exists. The start is settled, and no button is left.
    told = told_of(stage, "late")
    job_id = await console("late")
    await stage.clicks("Look again", told)
    announcement = stage.announced()[-1]
    assert job_id in announcement.text
    assert NOTE in announcement.text
    assert told.text == f"✅  Room `late` did start: job `{job_id}`."

    # Start anyway, clicked twice, starts once.
    told = told_of(stage, "never")
    await asyncio.gather(*(stage.clicks("Start anyway", told) for _ in range(2)))
    assert told.text == "⏳  Starting room `never` … The result comes as a message of its own."
    assert stage.metastudio.starts_made == {"shared": 1, "late": 1, "never": 1}
    assert stage.metastudio.starts_received == {"shared": 2, "late": 2, "never": 2}

    rows = await stage.log()
    assert [flat(row).job_id for row in rows if flat(row).room_id == "late"] == [job_id]
    assert [row.status for row in rows if row.action is Action.LOOK] == [Status.DONE] * 3
    clicked = [row for row in rows if row.action is Action.START and row.source is Source.BUTTON]
    assert sorted(row.status for row in clicked) == [Status.REFUSED, Status.STARTED]


async def test_of_two_new_jobs_none_is_adopted_and_both_are_named(
    staged_with: StagedWith, console: Console
) -> None:
    async with staged_with(AVATAR_START_TIMEOUT=2) as stage:
        stage.metastudio.trouble.hang("start", after=True, times=1)
        starting = asyncio.create_task(stage.types("lobby"))
        await until(lambda: bool(stage.metastudio.jobs))
        await console("lobby")
        await starting

        told = told_of(stage, "lobby")
        assert "MetaStudio did not answer within 2 seconds." in told.text
        assert "MetaStudio lists 2 jobs in this room" in told.text
        assert all(job.job_id in told.text for job in stage.metastudio.jobs)
        assert buttons(told) == ["Use this one", "Use this one", "Look again", "Start anyway"]
        assert stage.announced() == []
        [row] = await stage.log()
        assert (row.status, flat(row).job_id) == (Status.UNKNOWN, None)
