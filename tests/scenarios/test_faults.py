"""Failures around the bot while jobs run: nothing is done twice, nothing is lost, and people are told."""

import asyncio
from collections.abc import Callable

from pydantic import SecretStr

from bot.domain.invocation import Action, JobState, Status
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn
from bot.settings import Settings
from tests.fakes import flat
from tests.locked import file_of, locked
from tests.stage import GENERAL, JONAS, MEI, Clock, Stage, buttons, staged, until

HOUR = 3600.0
OVER = {state for state in JobState if state.is_over}


async def test_where_the_answer_comes_after_the_response_url_has_expired_there_is_a_direct_message(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    stage.metastudio.trouble.hang("start", after=True)
    starting = asyncio.create_task(stage.types("brief", channel=GENERAL))
    await until(lambda: bool(stage.metastudio.jobs))
    stage.clock.advance(31 * 60)
    stage.metastudio.trouble.clear()
    await starting

    [job] = stage.metastudio.jobs
    [direct] = [message for message in stage.slack.messages(viewer=MEI) if message.channel != GENERAL]
    assert job.job_id in direct.text
    [row] = await stage.log()
    assert (row.status, row.told.channel, row.told.ts) == (Status.STARTED, direct.channel, direct.ts)


async def test_a_metastudio_that_fails_in_every_way_is_asked_again_after_a_while(socket_stage: Stage) -> None:
    stage = socket_stage
    trouble = stage.metastudio.trouble
    trouble.reset_connections("jobs", times=1)
    trouble.server_errors("jobs", times=1)
    trouble.throttle("jobs", times=1)
    trouble.garble("jobs", times=1)
    trouble.garble("state", times=4)
    told = [await stage.starts(text) for text in ("brief", "quiet", "crash", "unjoined")]
    stage.clock.advance(20)
    await until(lambda: not any("Stop" in buttons(message) for message in told), 20)

    rows = await stage.until_logged(lambda rows: all(flat(row).job_state in OVER for row in rows))
    assert [flat(row).job_state for row in rows] == [
        JobState.ENDED,
        JobState.SILENT,
        JobState.FAILED,
        JobState.UNJOINED,
    ]


async def test_a_stop_is_answered_with_nonsense_and_counts(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    stage.metastudio.trouble.garble("stop", times=1, after=True)
    await stage.clicks("Stop", announcement)

    assert stage.said()[-1].text.startswith("⛔  ")
    assert [row.status for row in await stage.log()] == [Status.STARTED, Status.DONE]


async def test_a_log_that_is_locked_for_seconds_loses_no_outcome_and_people_are_told_once(
    socket_stage: Stage, sqlite_url: str
) -> None:
    stage = socket_stage
    running = await stage.starts("lobby")
    trouble = stage.metastudio.trouble
    trouble.hang("start", after=True)
    trouble.hang("stop", after=True)
    texts = ("good", "busy", "unjoined")
    starting = [asyncio.create_task(stage.types(text)) for text in texts]
    stopping = asyncio.create_task(stage.clicks("Stop", running, user=JONAS))
    await until(lambda: len(stage.metastudio.jobs) == 3 and stage.metastudio.jobs[0].ended_at is not None)
    with locked(file_of(sqlite_url)):
        trouble.clear()
        refused, _ = await asyncio.gather(stage.slack.command("/avatar-start", "late"), asyncio.sleep(5))
        await until(lambda: len(stage.announced()) > 1)
    await asyncio.gather(*starting, stopping)
    stage.clock.advance(45)
    await stage.until_logged(lambda rows: all(row.lease_until is None for row in rows))

    assert refused.ack is not None
    assert "Nothing was started." in refused.ack["text"]
    rows = {(flat(row).room_id, row.action): row for row in await stage.log()}
    assert {key: row.status for key, row in rows.items() if key[0] != "late"} == {
        ("lobby", Action.START): Status.STARTED,
        ("lobby", Action.STOP): Status.DONE,
        ("good", Action.START): Status.STARTED,
        ("busy", Action.START): Status.FAILED,
        ("unjoined", Action.START): Status.STARTED,
    }
    assert all(row.told.announced_at for row in rows.values() if flat(row).room_id in texts)
    assert stage.metastudio.starts_received == {"lobby": 1, "good": 1, "busy": 1, "unjoined": 1}
    assert len(stage.announced()) == 3
    assert sum("MSS.20010135" in message.text for message in stage.news()) == 1
    await until(lambda: f"was stopped by <@{JONAS}>" in running.text)
    answers = [message.text for message in stage.said(JONAS) if message.visible_to]
    assert sum(not answer.startswith("⏳") for answer in answers) == 1


async def test_a_clock_that_is_set_back_and_forth_doubles_nothing_and_loses_nothing(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
    clock: Clock,
) -> None:
    token = SecretStr(metastudio.credentials.ready_made_token or "")  # signed calls would be refused
    settings = settings_for(METASTUDIO_AUTH_TOKEN=token, HUAWEICLOUD_SDK_AK=None, HUAWEICLOUD_SDK_SK=None)
    the_bots = Clock()
    async with staged(slack, metastudio, settings, the_bots) as stage:
        ended, stopped = await stage.starts("brief"), await stage.starts("lobby")
        metastudio.trouble.hang("start", after=True)
        starting = asyncio.create_task(stage.types("hall"))
        await until(lambda: len(metastudio.jobs) == 3)
        the_bots.advance(-HOUR)
        metastudio.trouble.clear()
        await starting
        running = await stage.starts("later")
        await stage.clicks("Stop", stopped, user=JONAS)
        clock.advance(20)
        await until(lambda: "ended normally after 5 s" in ended.text)
        await until(lambda: f"was stopped by <@{JONAS}>" in stopped.text)
        await until(lambda: "is running" in running.text)

        metastudio.trouble.hang("start", after=True)
        starting = asyncio.create_task(stage.types("last"))
        await until(lambda: len(metastudio.jobs) == 5)
        the_bots.advance(2 * HOUR)
        await asyncio.sleep(2.5)
        metastudio.trouble.clear()
        await starting

        assert metastudio.starts_received == dict.fromkeys(("brief", "lobby", "hall", "later", "last"), 1)
        assert len(stage.announced()) == 5
        rows = await stage.log()
        assert {row.status for row in rows if row.action is Action.START} == {Status.STARTED}
        assert all(
            row.told.announced_at and row.lease_until is None for row in rows if row.action is Action.START
        )
        assert all((row.latency_ms or 0) >= 0 for row in rows)


async def test_an_announcement_that_slack_could_not_take_at_first_follows_its_job_all_the_same(
    socket_stage: Stage,
) -> None:
    stage = socket_stage
    stage.slack.trouble.server_errors("chat.postMessage", times=1)
    announcement = await stage.starts("brief")
    assert "cannot change" not in announcement.text
    stage.clock.advance(20)
    await until(lambda: " ended" in announcement.text)
