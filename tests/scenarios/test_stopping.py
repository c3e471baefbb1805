"""A person stops a job with its button or with `/avatar stop`."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.domain.invocation import Action, JobState, Source, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.sandbox.metastudio import MetaStudioStandIn
from tests.fakes import flat
from tests.stage import AMARA, JONAS, MEI, ROOM, Console, Stage, StagedWith, buttons, until

UNHEARD_OF = "26f06524-4f75-4b3a-a853-b649a21aaf66"


async def stops(stage: Stage) -> list[tuple[Source, str, str | None, Status]]:
    """Return source, person, job and status of each stop."""
    return [
        (row.source, row.origin.user_id, flat(row).job_id, row.status)
        for row in await stage.log()
        if row.action is Action.STOP
    ]


def over(stage: Stage) -> list[bool]:
    """Return for each job if it has ended."""
    return [job.ended_at is not None for job in stage.metastudio.jobs]


def told_last(stage: Stage, user: str) -> str:
    message = stage.said(viewer=user)[-1]
    assert message.visible_to == user
    return message.text


async def test_the_button_asks_then_stops_and_the_announcement_says_who_did_it(stage: Stage) -> None:
    announcement = await stage.starts()
    [job] = stage.metastudio.jobs
    [stop] = [part for part in announcement.blocks[-1]["elements"] if part["action_id"] == "stop_job"]
    assert stop["confirm"]["title"]["text"] == "Stop this job?"
    assert job.job_id in stop["confirm"]["text"]["text"]

    clicked = await stage.clicks("Stop", announcement, user=JONAS)

    assert clicked.error is None
    assert over(stage) == [True]
    assert (
        told_last(stage, JONAS)
        == f"⛔  Room `{ROOM}` is being stopped: it ends in a few seconds.\nJob `{job.job_id}`"
    )
    assert await stops(stage) == [(Source.BUTTON, JONAS, job.job_id, Status.DONE)]
    await until(lambda: f"was stopped by <@{JONAS}>" in announcement.text)
    assert buttons(announcement) == ["Start again", "Details"]


async def test_a_command_stops_a_job_that_the_bot_has_started(socket_stage: Stage) -> None:
    stage = socket_stage
    await stage.starts()
    [job] = stage.metastudio.jobs
    result = await stage.types(f"stop {job.job_id}", "/avatar", user=AMARA)

    assert not result.ack
    assert (
        told_last(stage, AMARA)
        == f"⛔  Room `{ROOM}` is being stopped: it ends in a few seconds.\nJob `{job.job_id}`"
    )
    assert await stops(stage) == [(Source.COMMAND, AMARA, job.job_id, Status.DONE)]
    assert over(stage) == [True]


async def test_a_job_from_elsewhere_is_stopped_once_its_room_is_named(
    socket_stage: Stage, console: Console
) -> None:
    stage = socket_stage
    job_id = await console("lobby")
    result = await stage.types(f"stop {job_id}", "/avatar")
    assert result.ack is not None
    assert f"The bot has not started a job `{job_id}`" in result.ack["text"]
    assert "`stop job_id room_id`" in result.ack["text"]
    assert over(stage) == [False]

    await stage.types(f"stop {job_id} lobby", "/avatar")
    assert over(stage) == [True]
    assert await stops(stage) == [
        (Source.COMMAND, MEI, job_id, Status.INVALID),
        (Source.COMMAND, MEI, job_id, Status.DONE),
    ]


async def test_the_list_of_jobs_shows_what_runs_with_a_button_for_each(socket_stage: Stage) -> None:
    stage = socket_stage
    stopped, kept = await stage.starts("one"), await stage.starts("two cn-north-4", user=JONAS)
    await stage.types("jobs", "/avatar", user=AMARA)

    listed = stage.said(AMARA)[-1]
    assert listed.visible_to == AMARA
    assert "2 avatar jobs are under way." in listed.text
    two, one = (line for line in listed.text.splitlines() if line.startswith("• "))
    first, second = stage.metastudio.jobs
    for part in ("Room `one`", first.job_id, "is starting", f"<@{MEI}>"):
        assert part in one
    for part in ("Room `two`", "CN North-Beijing4", second.job_id, "is starting", f"<@{JONAS}>"):
        assert part in two
    assert buttons(listed) == ["Stop", "Stop"]

    await stage.clicks("stop_job-2", listed, user=AMARA)
    await until(lambda: f"was stopped by <@{AMARA}>" in stopped.text)
    assert "was stopped" not in kept.text
    await stage.types("jobs", "/avatar")
    listed = stage.said()[-1]
    assert "1 avatar job is under way, 1 ended in the last hour." in listed.text
    assert f"|open>\n• ⛔  Room `one` was stopped · Job `{first.job_id}`" in listed.text
    assert buttons(listed) == ["Stop", "Start again"]
    await stage.clicks("Start again", listed)
    assert [job.room_id for job in stage.metastudio.jobs] == ["one", "two", "one"]


async def test_a_job_of_outside_slack_is_listed_and_stopped(
    staged_with: StagedWith, console: Console
) -> None:
    async with staged_with() as stage:
        await stage.types("lobby")
        [ours] = stage.metastudio.jobs
        job_id = await console("lobby")
        await stage.types("jobs", "/avatar", user=JONAS)
        listed = stage.said(JONAS)[-1]
        assert "2 avatar jobs are under way." in listed.text
        assert f"Job `{job_id}` · started outside Slack" in listed.text
        assert f"Job `{ours.job_id}` · CN North-Beijing4 · <@{MEI}>" in listed.text

        [beside] = [block["accessory"] for block in listed.blocks if job_id in str(block)]
        await stage.clicks(beside["action_id"], listed, user=JONAS)
        assert over(stage) == [False, True]
        assert await stops(stage) == [(Source.BUTTON, JONAS, job_id, Status.DONE)]
        await stage.types("jobs", "/avatar", user=JONAS)
        assert job_id not in stage.said(JONAS)[-1].text


async def test_while_metastudio_is_silent_the_list_is_of_the_bots_own_jobs(socket_stage: Stage) -> None:
    stage = socket_stage
    await stage.starts("lobby")
    stage.metastudio.trouble.server_errors("jobs", times=50)
    await stage.types("jobs", "/avatar")
    assert "1 avatar job is under way." in stage.said()[-1].text
    assert "jobs started outside Slack may be missing" in stage.said()[-1].text


async def test_where_nothing_runs_the_list_says_so(socket_stage: Stage) -> None:
    await socket_stage.types("jobs", "/avatar")

    assert socket_stage.said()[-1].text == "No avatar job is running."
    [row] = await socket_stage.log()
    assert (row.action, row.status) == (Action.JOBS, Status.DONE)


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        (f'users = ["{AMARA}"]', "You may not stop avatars with this bot."),
        ('channels = ["C0STUDIO01"]', "Avatars may not be stopped from this channel."),
        ('rooms = ["lobby"]', f"Room `{ROOM}` may not be stopped with this bot."),
    ],
    ids=["users", "channels", "rooms"],
)
async def test_what_the_policy_does_not_allow_is_refused_but_to_the_starter_and_to_admins(
    staged_with: StagedWith, rule: str, refusal: str
) -> None:
    async with staged_with(policy=f'admins = ["{AMARA}"]\n[stop]\n{rule}\n') as stage:
        first = await stage.starts(f"{ROOM} cn-north-4")
        second = await stage.starts(f"{ROOM} cn-southwest-2")
        one, two = stage.metastudio.jobs

        await stage.clicks("Stop", first, user=JONAS)
        assert refusal in told_last(stage, JONAS)
        assert "Nothing was stopped." in told_last(stage, JONAS)
        result = await stage.types(f"stop {one.job_id}", "/avatar", user=JONAS)
        assert result.ack is not None
        assert refusal in result.ack["text"]
        assert stage.asked("stop") == 0

        await stage.clicks("Stop", first, user=MEI)
        await stage.clicks("Stop", second, user=AMARA)
        assert over(stage) == [True, True]
        assert await stops(stage) == [
            (Source.BUTTON, JONAS, one.job_id, Status.REFUSED),
            (Source.COMMAND, JONAS, one.job_id, Status.REFUSED),
            (Source.BUTTON, MEI, one.job_id, Status.DONE),
            (Source.BUTTON, AMARA, two.job_id, Status.DONE),
        ]


async def test_to_stop_what_is_over_is_no_error_and_nobodys_doing(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts("brief")
    [job] = stage.metastudio.jobs
    stage.clock.advance(20)
    await stage.clicks("Stop", announcement, user=JONAS)
    await stage.types(f"stop {UNHEARD_OF} lobby", "/avatar")

    assert told_last(stage, JONAS) == f"⚪  Room `brief` is over already.\nJob `{job.job_id}`"
    assert told_last(stage, MEI).startswith(
        "⚪  Room `lobby` is over already, or MetaStudio never had such a job there: check both IDs."
    )
    assert await stops(stage) == [
        (Source.BUTTON, JONAS, job.job_id, Status.DONE),
        (Source.COMMAND, MEI, UNHEARD_OF, Status.DONE),
    ]
    assert [row.reason for row in (await stage.log())[1:]] == [reason(Code.JOB_OVER_ALREADY)] * 2


async def test_two_who_stop_a_job_at_once_are_both_answered_and_one_of_them_did_it(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    [job] = stage.metastudio.jobs
    await asyncio.gather(*(stage.clicks("Stop", announcement, user=user) for user in (JONAS, JONAS, AMARA)))

    assert sorted(await stops(stage)) == sorted(
        (Source.BUTTON, user, job.job_id, Status.DONE) for user in (JONAS, JONAS, AMARA)
    )
    told = [message.text for user in (JONAS, AMARA) for message in stage.said(user) if message.visible_to]
    assert sorted("over already" in text for text in told) == [False, True, True]
    assert sum(flat(row).job_state is JobState.STOPPED for row in (await stage.log())[1:]) == 1


async def test_a_button_works_when_the_log_no_longer_knows_the_start(
    socket_stage: Stage, sqlite_url: str
) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    with closing(sqlite3.connect(sqlite_url.partition("///")[2])) as database:
        database.execute("DELETE FROM invocations")
        database.commit()
    await stage.clicks("Stop", announcement, user=JONAS)

    [job] = stage.metastudio.jobs
    assert over(stage) == [True]
    assert (
        told_last(stage, JONAS)
        == f"⛔  Room `{ROOM}` is being stopped: it ends in a few seconds.\nJob `{job.job_id}`"
    )
    assert await stops(stage) == [(Source.BUTTON, JONAS, job.job_id, Status.DONE)]


async def test_a_stop_that_metastudio_refuses_is_told_with_what_to_do(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    stage.metastudio.trouble.unsupport("stop")
    await stage.clicks("Stop", announcement)

    assert f"🔴  Room `{ROOM}` was not stopped." in told_last(stage, MEI)
    assert "does not offer this operation" in told_last(stage, MEI)
    assert "Other operations work at METASTUDIO_ENDPOINT" in told_last(stage, MEI)
    [_, row] = await stage.log()
    assert (row.status, row.answer.error_code, row.lease_until) == (Status.FAILED, "APIGW.0101", None)
    assert buttons(announcement) == ["Stop", "Details", "RTC access"]


async def test_a_stop_whose_answers_are_all_lost_is_told_as_unknown_and_can_be_sent_again(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    stage.metastudio.trouble.reset_connections("stop")
    await stage.clicks("Stop", announcement)

    assert stage.asked("stop") == 4
    assert f"It is not known whether room `{ROOM}` was stopped." in told_last(stage, MEI)
    assert "Stop it once more; that does no harm." in told_last(stage, MEI)
    stage.metastudio.trouble.clear()
    await stage.clicks("Stop", announcement)
    assert [status for *_, status in await stops(stage)] == [Status.FAILED, Status.DONE]
    assert over(stage) == [True]


async def test_who_stops_a_job_is_named_however_long_metastudio_takes_to_answer(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    stage.metastudio.trouble.hang("stop", after=True)
    clicking = asyncio.create_task(stage.clicks("Stop", announcement, user=JONAS))
    await until(lambda: "was stopped" in announcement.text or " ended" in announcement.text)
    assert f"was stopped by <@{JONAS}>" in announcement.text
    assert [status for *_, status in await stops(stage)] == [Status.RECEIVED]

    stage.metastudio.trouble.clear()
    await clicking
    assert "is being stopped" in told_last(stage, JONAS)
    assert [status for *_, status in await stops(stage)] == [Status.DONE]


async def test_a_stop_that_hangs_when_the_bot_ends_is_done_by_the_next_one(
    staged_with: StagedWith, metastudio: MetaStudioStandIn
) -> None:
    async with staged_with(AVATAR_DRAIN_SECONDS=0) as before:
        announcement = await before.starts()
        metastudio.trouble.hang("stop", after=True)
        clicking = asyncio.create_task(before.clicks("Stop", announcement, user=JONAS))
        await until(lambda: over(before) == [True])
    await clicking
    metastudio.trouble.clear()

    async with staged_with() as after:
        await after.until_logged(lambda rows: rows[-1].status is Status.DONE)
        await until(lambda: f"was stopped by <@{JONAS}>" in announcement.text)
        assert len(await stops(after)) == 1
