"""Where the bot cannot post, people are told all the same: a job ID is never lost."""

import pytest

from bot.model import Status
from bot.slack_calls import MOST_TRIES
from tests.stage import AVATARS, GENERAL, MEI, ROOM, Stage, until

PLANS, DM = "C0PLANS001", "D0MEIJONAS"


@pytest.fixture
def stage(socket_stage: Stage) -> Stage:
    return socket_stage


@pytest.mark.parametrize("channel", [GENERAL, PLANS, DM])
async def test_a_channel_without_the_bot_hears_of_the_job_through_the_response_url(
    stage: Stage, channel: str
) -> None:
    await stage.types(ROOM, channel=channel)

    announcement = stage.news(channel=channel)[-1]
    assert announcement.origin == "response_url"
    assert announcement.visible_to is None
    assert stage.metastudio.jobs[0].job_id in announcement.text
    assert ("invite it to this channel" in announcement.text) is (channel != DM)
    [row] = await stage.log()
    assert row.status is Status.STARTED
    assert row.announced_at is not None
    assert (row.message_channel, row.message_ts) == (None, None)


async def test_an_archived_channel_hears_of_the_job_through_the_response_url(stage: Stage) -> None:
    stage.slack.workspace.archive(AVATARS)
    await stage.types(ROOM)

    assert stage.metastudio.jobs[0].job_id in stage.news()[-1].text


async def test_when_neither_post_nor_response_url_works_the_person_hears_of_the_job(stage: Stage) -> None:
    stage.slack.trouble.server_errors("chat.postMessage", times=MOST_TRIES)
    stage.slack.trouble.server_errors("response_url", times=MOST_TRIES)
    await stage.types(ROOM)

    told = stage.news()[-1]
    assert told.origin == "chat.postEphemeral"
    assert told.visible_to == MEI
    assert stage.metastudio.jobs[0].job_id in told.text


async def test_the_last_way_is_a_direct_message(stage: Stage) -> None:
    stage.slack.trouble.server_errors("chat.postMessage", times=MOST_TRIES)
    stage.slack.trouble.server_errors("response_url", times=MOST_TRIES)
    stage.slack.trouble.server_errors("chat.postEphemeral", times=MOST_TRIES)
    await stage.types(ROOM)

    [direct] = [message for message in stage.slack.messages(viewer=MEI) if message.channel != AVATARS]
    assert stage.metastudio.jobs[0].job_id in direct.text


async def test_a_throttled_post_waits_as_long_as_slack_says_and_appears_once(stage: Stage) -> None:
    stage.slack.trouble.rate_limit("chat.postMessage", times=1, retry_after=1)
    began = stage.clock()
    await stage.types(ROOM)

    assert stage.clock() - began >= 1
    [announcement] = stage.announced()
    assert announcement.origin == "chat.postMessage"


async def test_when_slack_takes_nothing_at_all_it_is_tried_again_later(stage: Stage) -> None:
    for method, routes in (("chat.postMessage", 2), ("response_url", 1), ("chat.postEphemeral", 1)):
        stage.slack.trouble.server_errors(method, times=MOST_TRIES * routes)
    await stage.types(ROOM)
    assert stage.news() == []
    [row] = await stage.log()
    assert (row.status, row.announced_at) == (Status.STARTED, None)

    stage.clock.advance(6)
    await until(lambda: bool(stage.news()))
    [announcement] = stage.news()
    assert stage.metastudio.jobs[0].job_id in announcement.text
    [row] = await stage.until_logged(lambda rows: rows[0].announced_at is not None)
    assert (row.message_ts, row.deadline) == (announcement.ts, None)


async def test_a_failure_is_told_privately_where_the_bot_is_no_member(stage: Stage) -> None:
    await stage.types("busy", channel=GENERAL)

    told = stage.news(channel=GENERAL)[-1]
    assert told.visible_to == MEI
    assert "MSS.20010135" in told.text
