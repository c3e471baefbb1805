"""A job's one message follows its state from the start to the end."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.domain.invocation import JobState
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import Message, SlackStandIn
from bot.settings import Settings
from tests.fakes import flat
from tests.stage import AVATARS, GENERAL, HURRY, JONAS, MEI, Clock, Stage, StagedWith, buttons, staged, until

STUDIO = "C0STUDIO01"
OVER = {state for state in JobState if state.is_over}


def thread_of(stage: Stage, announcement: Message) -> list[Message]:
    replies = stage.slack.messages(channel=announcement.channel)
    return [message for message in replies if message.thread_ts == announcement.ts]


async def test_one_message_goes_through_a_jobs_whole_life_though_slack_does_not_take_all_of_it_at_once(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    lives = {
        "brief": ("⚪", "ended normally after 5 s", JobState.ENDED),
        "quiet": ("⚪", "ended after 5 s: nobody spoke", JobState.SILENT),
        "unjoined": ("⚪", "ended: nobody joined it", JobState.UNJOINED),
        "crash": ("🔴", "failed after 5 s: MetaStudio says “Internal Error”", JobState.FAILED),
        "lobby": ("⛔", f"was stopped by <@{JONAS}> after 1 min", JobState.STOPPED),
    }
    told = {room: await stage.starts(room) for room in lives}
    accepted = {room: replace(message) for room, message in told.items()}
    assert all("is starting" in message.text for message in told.values())

    stage.slack.trouble.rate_limit("chat.update", times=1, retry_after=1)
    stage.clock.advance(3.5)
    running = [message for room, message in told.items() if room != "unjoined"]
    await until(lambda: all("is running" in message.text for message in running))
    assert all(buttons(message) == ["Stop", "Details", "RTC access"] for message in running)

    stage.slack.trouble.server_errors("chat.update", times=1)
    stage.clock.advance(60)
    await stage.clicks("Stop", told["lobby"], user=JONAS)
    await until(lambda: not any("Stop" in buttons(message) for message in told.values()), 20)
    rows = await stage.until_logged(lambda rows: all(flat(row).job_state in OVER for row in rows[:5]))
    await until(lambda: all(thread_of(stage, message) for message in told.values()))
    for row, (room, (sign, state, job_state)) in zip(rows, lives.items(), strict=False):
        message = told[room]
        assert message.text.startswith(f"{sign}  Room `{room}` {state}")
        assert flat(row).job_state is job_state
        assert (message.ts, message.channel) == (accepted[room].ts, AVATARS)
        assert stage.slack.messages(channel=AVATARS).count(message) == 1
        [line] = thread_of(stage, message)
        assert line.text.startswith(f"{sign}  Room `{room}` {state}")
        assert f"Job `{flat(row).job_id}`" in line.text
        assert (f"<@{MEI}>" in line.text) is (job_state is JobState.FAILED)
        assert not line.reply_broadcast
        for line_of_voices in accepted[room].text.splitlines()[2:]:
            assert line_of_voices in message.text
    assert len(stage.announced()) == 5


async def test_all_jobs_of_a_room_take_one_call_a_look_and_each_is_asked_for_once_when_it_is_gone(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    told = [await stage.starts("brief cn-north-4"), await stage.starts("brief cn-southwest-2")]
    stage.clock.advance(10)
    told.append(await stage.starts("brief cn-north-4"))
    await until(lambda: stage.asked("jobs") > 0)
    looks = stage.asked("jobs")
    stage.clock.advance(20)
    await until(lambda: all("ended normally" in message.text for message in told))

    assert stage.asked("jobs") - looks < 3
    assert stage.asked("state") == 3


async def test_a_bot_that_is_started_anew_goes_on_following(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, either_way: Settings, clock: Clock
) -> None:
    async with staged(slack, metastudio, either_way, clock) as before:
        announcement = await before.runs("brief")

    clock.advance(60)
    async with staged(slack, metastudio, either_way, clock) as after:
        await until(lambda: "ended normally after 5 s" in announcement.text)
        await until(lambda: len(thread_of(after, announcement)) == 1)
        assert len(after.announced()) == 1


@pytest.mark.parametrize("code", ["APIGW.0101", "MSS.00010003"])
async def test_where_metastudio_cannot_be_asked_that_is_said_once_and_the_announcement_stays(
    staged_with: StagedWith, metastudio: MetaStudioStandIn, code: str
) -> None:
    metastudio.trouble.unsupport("jobs", code=code)
    metastudio.trouble.unsupport("state", code=code)
    with capture_logs() as lines:
        async with staged_with() as stage:
            announcement = await stage.starts()
            await until(lambda: stage.asked("jobs") == 1)
            untouched = await stage.starts("brief")
            await stage.clicks("Stop", announcement, user=JONAS)
            await until(lambda: f"was stopped by <@{JONAS}>" in announcement.text)

            assert "is starting" in untouched.text
            assert buttons(untouched) == ["Stop", "Details", "RTC access"]
            assert (stage.asked("jobs"), stage.asked("state")) == (1, 0)

    said = [line["event"] for line in lines if "not followed" in line["event"]]
    assert said == ["jobs are not followed: MetaStudio cannot be asked about them"]


async def test_a_metastudio_that_throttles_is_asked_less_often(socket_stage: Stage) -> None:
    stage = socket_stage
    stage.metastudio.trouble.throttle("jobs")
    await stage.starts()
    await until(lambda: stage.asked("jobs") == 1)
    await asyncio.sleep(2.5 / HURRY)  # usually a starting job is read every two seconds

    assert stage.asked("jobs") == 1


async def test_where_the_announcement_cannot_be_changed_the_starter_hears_of_the_end(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    sent_elsewhere = await stage.starts("brief", channel=GENERAL)
    assert sent_elsewhere.origin == "response_url"
    archived = await stage.starts("quiet", channel=STUDIO)
    stage.slack.workspace.archive(STUDIO)
    stage.clock.advance(20)
    await until(lambda: len(stage.told_directly(MEI)) == 2)
    brief, quiet = stage.metastudio.jobs
    assert set(stage.told_directly(MEI)) == {
        f"⚪  Room `brief` ended normally after 5 s\nJob `{brief.job_id}`",
        f"⚪  Room `quiet` ended after 5 s: nobody spoke\nJob `{quiet.job_id}`",
    }
    assert "is starting" in sent_elsewhere.text
    assert "is starting" in archived.text
    rows = await stage.until_logged(lambda rows: all(flat(row).job_state in OVER for row in rows))
    assert [flat(row).job_state for row in rows] == [JobState.ENDED, JobState.SILENT]


async def test_where_the_bot_is_no_member_the_starter_hears_of_every_end_and_old_buttons_tell_it_too(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    ends = {
        "brief": "ended normally",
        "crash": "failed",
        "unjoined": "ended: nobody joined it",
        "lobby": f"was stopped by <@{JONAS}>",
    }
    old = {room: await stage.starts(room, channel=GENERAL) for room in ends}
    stage.clock.advance(10)
    await stage.clicks("Stop", old["lobby"], user=JONAS)
    stage.clock.advance(31 * 60)
    await until(lambda: len(stage.told_directly(MEI)) == len(ends), 20)
    told = stage.told_directly(MEI)
    for job, (room, end) in zip(stage.metastudio.jobs, ends.items(), strict=True):
        [line] = [text for text in told if job.job_id in text]
        assert f"Room `{room}` {end}" in line

    await stage.until_logged(lambda rows: all(flat(row).job_state in OVER for row in rows))
    asked = stage.asked("stop"), stage.asked("state")
    for room, end in ends.items():
        assert buttons(old[room]) == ["Stop", "Details", "RTC access"]
        for button in ("Stop", "RTC access"):
            await stage.clicks(button, old[room])
            said = stage.news(channel=GENERAL)[-1]
            assert (said.visible_to, f"Room `{room}` {end}" in said.text) == (MEI, True)
            assert "That was on <!date^" in said.text
    assert (stage.asked("stop"), stage.asked("state")) == asked
