"""If the bot cannot post in a channel, people are told by another route: a job ID is never lost."""

import time

import pytest

from bot.domain.invocation import Status
from bot.sandbox.slack import Answered
from bot.slack.calls import MOST_TRIES
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
    assert row.told.announced_at is not None
    assert (row.told.channel, row.told.ts) == (None, None)


async def test_an_archived_channel_hears_of_the_job_through_the_response_url(stage: Stage) -> None:
    stage.slack.workspace.archive(AVATARS)
    await stage.types(ROOM)

    assert stage.metastudio.jobs[0].job_id in stage.news()[-1].text


async def test_when_neither_post_nor_response_url_works_the_person_hears_of_the_job(stage: Stage) -> None:
    stage.slack.trouble.server_errors("chat.postMessage", times=MOST_TRIES)
    stage.slack.trouble.server_errors("response_url", times=MOST_TRIES + 1)
    await stage.types(ROOM)

    told = stage.news()[-1]
    assert told.origin == "chat.postEphemeral"
    assert told.visible_to == MEI
    assert stage.metastudio.jobs[0].job_id in told.text


async def test_the_last_way_is_a_direct_message(stage: Stage) -> None:
    stage.slack.trouble.server_errors("chat.postMessage", times=MOST_TRIES)
    stage.slack.trouble.server_errors("response_url", times=MOST_TRIES + 1)
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
    for method, routes in (("chat.postMessage", 2), ("response_url", 1 + 1), ("chat.postEphemeral", 1)):
        stage.slack.trouble.server_errors(method, times=MOST_TRIES * routes)
    await stage.types(ROOM)
    assert stage.news() == []
    [row] = await stage.log()
    assert (row.status, row.told.announced_at) == (Status.STARTED, None)

    stage.clock.advance(6)
    await until(lambda: bool(stage.news()))
    [announcement] = stage.news()
    assert stage.metastudio.jobs[0].job_id in announcement.text
    [row] = await stage.until_logged(lambda rows: rows[0].told.announced_at is not None)
    assert (row.told.ts, row.lease_until) == (announcement.ts, None)


async def test_a_failure_is_told_privately_where_the_bot_is_no_member(stage: Stage) -> None:
    await stage.types("busy", channel=GENERAL)

    told = stage.news(channel=GENERAL)[-1]
    assert told.visible_to == MEI
    assert "MSS.20010135" in told.text


WRONG_ANSWERS = {
    "refused": Answered(200, '{"ok": false, "error": "invalid_blocks"}', "application/json"),
    "page": Answered(200, "<h1>Sign in to the guest network</h1>"),
    "nothing": Answered(200, "", "text/plain"),
    "redirect": Answered(302, "", "text/plain", {"Location": "/"}),
    "gone": Answered(404, "no_service", "text/plain"),
    "throttled for hours": Answered(429, "", "text/plain", {"Retry-After": "7200"}),
    "throttled until a date": Answered(
        429, "", "text/plain", {"Retry-After": "Fri, 01 Jan 2100 12:00:00 GMT"}
    ),
}


async def test_a_response_url_that_does_not_say_ok_has_not_delivered(stage: Stage) -> None:
    for answer in WRONG_ANSWERS.values():
        stage.slack.trouble.answer_with(answer, "response_url")
        began = time.monotonic()
        await stage.types(ROOM, channel=GENERAL)
        stage.slack.trouble.clear()
        stage.clock.advance(11)

        assert time.monotonic() - began < 10
        assert stage.metastudio.jobs[-1].job_id in stage.told_directly(MEI)[-1]
    rows = await stage.log()
    assert all(row.told.announced_at and row.told.ts for row in rows)


async def test_where_every_route_answers_with_nonsense_the_post_stays_due_until_one_delivers(
    stage: Stage,
) -> None:
    for method in ("chat.postMessage", "response_url", "chat.postEphemeral"):
        stage.slack.trouble.answer_with(Answered(200, '{"ok": false}', "application/json"), method)
    await stage.types(ROOM)
    [row] = await stage.log()
    assert (row.status, row.told.announced_at) == (Status.STARTED, None)
    assert stage.news() == []

    stage.slack.trouble.clear()
    stage.clock.advance(20)
    await until(lambda: bool(stage.announced()))
    assert stage.metastudio.jobs[0].job_id in stage.announced()[0].text


@pytest.mark.parametrize("trouble", ["cut", "lost", "page"])
async def test_a_lost_connection_leaves_an_announcement_that_can_be_edited(
    stage: Stage, trouble: str
) -> None:
    match trouble:
        case "cut":
            stage.slack.trouble.cut_connections("chat.postMessage", times=1)
        case "lost":
            stage.slack.trouble.lose_answers("chat.postMessage", times=1)
        case _:
            stage.slack.trouble.answer_with(WRONG_ANSWERS["page"], "chat.postMessage", times=1)
    announcement = await stage.starts("brief")

    assert announcement.origin == "chat.postMessage"
    assert len(stage.announced()) == (2 if trouble == "lost" else 1)
    stage.clock.advance(20)
    await until(lambda: "ended normally" in announcement.text)


@pytest.mark.parametrize("word", ["msg_blocks_too_long", "blocks_of_next_year"])
async def test_refused_blocks_are_left_out_on_every_route_whatever_the_refusal_is_called(
    stage: Stage, word: str
) -> None:
    stage.slack.trouble.refuse(word, blocks_only=True)
    stage.slack.trouble.refuse(word, "response_url", blocks_only=True)
    posted = await stage.starts("brief")
    responded = await stage.starts("lobby", channel=GENERAL)
    stage.slack.trouble.refuse("channel_not_found", "response_url", times=1)
    await stage.types("studio", channel=GENERAL)

    direct = stage.told_directly(MEI)[-1]
    for job, text in zip(stage.metastudio.jobs, [posted.text, responded.text, direct], strict=True):
        assert f"Job `{job.job_id}`" in text
    assert [posted.blocks, responded.blocks] == [[], []]
    assert (posted.origin, responded.origin) == ("chat.postMessage", "response_url")
    stage.clock.advance(20)
    await until(lambda: "ended normally" in posted.text)


async def test_a_text_that_is_too_long_is_cut_short_and_keeps_the_job_id(stage: Stage) -> None:
    stage.slack.trouble.refuse("msg_too_long", "chat.postMessage", times=2)
    announcement = await stage.starts("polyglot")

    assert f"Job `{stage.metastudio.jobs[0].job_id}`" in announcement.text
    assert len(announcement.text) < 1600
