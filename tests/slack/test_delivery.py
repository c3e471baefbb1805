"""Delivery of messages with the real client to Slack's stand-in."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.domain.post import Post, Purpose
from bot.errors import Undeliverable
from bot.messages.announcement import FIXED_HINT, INVITE_HINT
from bot.messages.message import Message, actions, button, section
from bot.sandbox.slack import Act, Answered, SlackStandIn, Tokens
from bot.sandbox.slack import Message as Seen
from bot.slack.calls import MOST_THROTTLED_TRIES, MOST_TRIES, TRY_SECONDS
from bot.slack.client import CALL_SECONDS
from bot.slack.delivery import CHANNEL_SECONDS, ROUTE_SECONDS, Delivered, Delivery
from tests.fakes import an_invocation, changed
from tests.stage import AVATARS, MEI

GENERAL = "C0GENERAL1"
PLANS = "C0PLANS001"
WITH_JONAS = "D0MEIJONAS"
WITH_THE_BOT = "D00MEI00001"
BOT = "U0AVATARBOT"

INVOCATION = an_invocation(
    id="i1",
    created_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.STARTED,
    user_id=MEI,
    channel_id=AVATARS,
)
MESSAGE = Message("Avatar job started.", (section("*Avatar job started.*"),))
ENDED = Message("Avatar job ended.", (section("*Avatar job ended.*"),))


def standing(channel: str | None, ts: str | None) -> Post:
    """Return the post of an announcement at this place."""
    return Post(
        id="p1",
        invocation_id=INVOCATION.id,
        purpose=Purpose.ANNOUNCEMENT,
        channel=channel,
        ts=ts,
        created_at=INVOCATION.created_at,
    )


async def at_once(seconds: float) -> None:
    """Do not wait between tries."""


def rendered(hint: str) -> Message:
    """Return the message, with its route's hint in the small print."""
    return Message(f"{MESSAGE.text} {hint}".strip())


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(slack: SlackStandIn, tokens: Tokens, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(tokens.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.fixture
def delivery(client: AsyncWebClient, session: aiohttp.ClientSession) -> Delivery:
    return Delivery(client, session, sleep=at_once)


def seen(slack: SlackStandIn, channel: str | None = None) -> list[Seen]:
    """Return the bot's messages, without Slack's own notices."""
    return [message for message in slack.messages(channel) if message.origin != "notice"]


async def typed_in(slack: SlackStandIn, channel: str, **changes: Any) -> Invocation:
    """Return a command that Mei typed in a channel, with a response_url."""
    result = await slack.command("/other", "", channel=channel, user=MEI)
    assert result.error == "dispatch_failed"
    return changed(INVOCATION, channel_id=channel, response_url=slack.issued_response_urls[-1], **changes)


async def clicked(slack: SlackStandIn, message: Seen) -> Invocation:
    """Return Mei's click on the first button of a message."""
    [row] = [block for block in message.blocks if block["type"] == "actions"]
    act = Act(row["block_id"], row["elements"][0]["action_id"])
    await slack.actions.in_message(MEI, message.channel, message.ts, act)
    return changed(
        INVOCATION,
        source=Source.BUTTON,
        channel_id=message.channel,
        response_url=slack.issued_response_urls[-1],
    )


async def test_a_channel_is_told_by_a_message_whose_place_is_known(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    delivered = await delivery.announce(INVOCATION, lambda hint: MESSAGE)

    [message] = seen(slack)
    assert (message.text, message.visible_to) == (MESSAGE.text, None)
    assert delivered == Delivered(AVATARS, message.ts)


async def test_blocks_that_slack_refuses_are_left_out(delivery: Delivery, slack: SlackStandIn) -> None:
    strange = Message("Avatar job started.", ({"type": "hologram"},))
    delivered = await delivery.announce(INVOCATION, lambda hint: strange)

    [message] = seen(slack)
    assert (message.text, message.blocks) == ("Avatar job started.", [])
    assert delivered.ts == message.ts


@pytest.mark.parametrize(
    ("channel", "hint"),
    [
        (GENERAL, f"{FIXED_HINT} {INVITE_HINT}"),
        (PLANS, f"{FIXED_HINT} {INVITE_HINT}"),
        (WITH_JONAS, FIXED_HINT),
    ],
)
async def test_where_the_bot_is_no_member_the_channel_is_told_all_the_same_and_the_bot_can_be_invited(
    delivery: Delivery, slack: SlackStandIn, channel: str, hint: str
) -> None:
    delivered = await delivery.announce(await typed_in(slack, channel), rendered)

    [message] = seen(slack)
    assert (message.channel, message.origin, message.visible_to) == (channel, "response_url", None)
    assert message.text == f"{MESSAGE.text} {hint}"
    assert delivered == Delivered()


async def test_a_bot_that_merely_may_not_post_is_not_to_be_invited(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    slack.workspace.restrict(AVATARS)
    await delivery.announce(await typed_in(slack, AVATARS), rendered)

    [message] = seen(slack)
    assert message.text == f"{MESSAGE.text} {FIXED_HINT}"


async def test_what_the_channel_cannot_be_told_the_person_is_told(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    slack.trouble.server_errors("chat.postMessage", times=MOST_TRIES)
    delivered = await delivery.announce(INVOCATION, rendered)

    [message] = seen(slack)
    assert (message.origin, message.visible_to) == ("chat.postEphemeral", MEI)
    assert delivered == Delivered()


async def test_what_nobody_can_be_told_in_the_channel_goes_into_a_direct_message(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    delivered = await delivery.announce(changed(INVOCATION, channel_id=GENERAL), rendered)

    [message] = seen(slack)
    assert message.channel == WITH_THE_BOT
    assert message.text == f"{MESSAGE.text} {INVITE_HINT}"
    assert delivered == Delivered(message.channel, message.ts)


async def test_without_a_channel_the_person_is_told(delivery: Delivery, slack: SlackStandIn) -> None:
    delivered = await delivery.announce(changed(INVOCATION, channel_id=None), rendered)

    [message] = seen(slack)
    assert delivered == Delivered(message.channel, message.ts)
    assert slack.workspace.channels[message.channel].kind == "dm"


async def test_a_message_that_slack_takes_on_no_route_is_said_to_be_undeliverable(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    asking = await typed_in(slack, AVATARS)
    slack.trouble.server_errors()
    slack.trouble.server_errors("response_url")
    with capture_logs() as lines, pytest.raises(Undeliverable, match="i1"):
        await delivery.announce(asking, rendered)

    assert [line["route"] for line in lines if "route" in line] == [
        "channel",
        "response_url in channel",
        "ephemeral",
        "direct message",
    ]
    assert str(asking.origin.response_url) not in str(lines)
    with pytest.raises(Undeliverable, match="i1"):
        await delivery.tell(asking, MESSAGE)


async def test_a_person_is_told_where_they_asked_and_nobody_else_is(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    delivered = await delivery.tell(await typed_in(slack, PLANS), MESSAGE)

    [message] = seen(slack)
    assert (message.channel, message.origin, message.visible_to) == (PLANS, "response_url", MEI)
    assert delivered == Delivered()


async def test_without_an_address_the_person_is_told_in_the_channel_or_in_a_direct_message(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    await delivery.tell(INVOCATION, MESSAGE)
    delivered = await delivery.tell(changed(INVOCATION, channel_id=GENERAL), MESSAGE)

    ephemeral, direct = seen(slack)
    assert (ephemeral.origin, ephemeral.visible_to) == ("chat.postEphemeral", MEI)
    assert (direct.origin, direct.channel) == ("chat.postMessage", WITH_THE_BOT)
    assert delivered == Delivered(direct.channel, direct.ts)


async def test_who_pressed_a_button_on_home_is_told_directly_whatever_channel_it_was_about(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    with capture_logs() as logs:
        delivered = await delivery.tell(changed(INVOCATION, source=Source.HOME), MESSAGE)

    [message] = seen(slack)
    assert (message.channel, message.text) == (WITH_THE_BOT, MESSAGE.text)
    assert delivered == Delivered(WITH_THE_BOT, message.ts)
    assert logs == []


async def test_an_address_that_works_no_longer_is_left_for_the_next_route(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    asking = await typed_in(slack, AVATARS)
    for _ in range(6):
        await delivery.tell(asking, MESSAGE)

    assert [message.origin for message in seen(slack)] == ["response_url"] * 5 + ["chat.postEphemeral"]


QUESTION = Message("Start it?", (actions([button("Start it now", action_id="start_again", value="lobby")]),))


async def test_an_answer_takes_the_place_of_the_message_whose_button_was_clicked(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    await delivery.tell(await typed_in(slack, AVATARS), QUESTION)
    click = await clicked(slack, seen(slack)[0])
    await delivery.tell(click, MESSAGE, instead=True)

    [message] = seen(slack)
    assert (message.text, message.visible_to) == (MESSAGE.text, MEI)
    assert "Start it now" not in str(message.blocks)


async def test_an_answer_that_takes_nothings_place_leaves_the_clicked_message_as_it_is(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    await delivery.announce(INVOCATION, lambda hint: QUESTION)
    click = await clicked(slack, seen(slack)[0])
    await delivery.tell(click, MESSAGE)

    announcement, answer = seen(slack)
    assert announcement.text == QUESTION.text
    assert (answer.text, answer.visible_to) == (MESSAGE.text, MEI)


REFUSALS = ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "a_block_of_next_year"]


@pytest.mark.parametrize("word", REFUSALS)
async def test_whichever_route_a_message_takes_refused_blocks_are_left_out(
    delivery: Delivery, slack: SlackStandIn, word: str
) -> None:
    for method in (None, "response_url"):
        slack.trouble.refuse(word, method, blocks_only=True)
    delivered = await delivery.announce(INVOCATION, lambda hint: MESSAGE)
    announced = standing(delivered.channel, delivered.ts)
    assert await delivery.reply(announced, MESSAGE)
    await delivery.announce(await typed_in(slack, GENERAL), lambda hint: MESSAGE)
    await delivery.tell(await typed_in(slack, AVATARS), MESSAGE)
    await delivery.tell(INVOCATION, MESSAGE)
    await delivery.tell(changed(INVOCATION, channel_id=GENERAL), MESSAGE)

    messages = seen(slack)
    assert [(message.text, message.blocks) for message in messages] == [(MESSAGE.text, [])] * 6
    assert [message.origin for message in messages] == [
        "chat.postMessage",
        "chat.postMessage",
        "response_url",
        "response_url",
        "chat.postEphemeral",
        "chat.postMessage",
    ]
    assert await delivery.edit(announced, ENDED)
    assert (messages[0].text, messages[0].blocks) == (ENDED.text, [])


async def test_a_text_that_is_too_long_for_a_route_is_cut_short_there_and_keeps_the_job_id(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    long = Message("\n".join(["Avatar job started.", *["x" * 99] * 60, "Job ID: `job-1`"]), MESSAGE.blocks)
    start = changed(INVOCATION, job_id="job-1")
    for method in ("chat.postMessage", "response_url"):
        slack.trouble.refuse("msg_too_long", method, times=2)
    delivered = await delivery.announce(start, lambda hint: long)
    in_general = changed(await typed_in(slack, GENERAL), job_id="job-1")
    await delivery.announce(in_general, lambda hint: long)
    there = replace(standing(delivered.channel, delivered.ts), job_id=start.job.job_id)

    assert await delivery.edit(there, long)
    for message in seen(slack):
        assert "Job ID: `job-1`" in message.text
        assert len(message.text) < 2000


@pytest.mark.parametrize("trouble", ["cut", "lost", "hangs", "page"])
async def test_a_lost_post_is_made_again_where_it_can_be_edited(
    client: AsyncWebClient, session: aiohttp.ClientSession, slack: SlackStandIn, trouble: str
) -> None:
    order: dict[str, Callable[..., None]] = {
        "cut": slack.trouble.cut_connections,
        "lost": slack.trouble.lose_answers,
        "hangs": slack.trouble.hang,
        "page": partial(slack.trouble.answer_with, Answered(200, "<html>")),
    }
    order[trouble]("chat.postMessage", times=1)
    delivery = Delivery(client, session, time_factor=0.2, sleep=at_once)
    delivered = await delivery.announce(await typed_in(slack, AVATARS), rendered)

    messages = seen(slack)
    assert {message.origin for message in messages} == {"chat.postMessage"}
    assert len(messages) == (2 if trouble == "lost" else 1)
    assert delivered == Delivered(AVATARS, messages[-1].ts)


async def test_an_answer_that_cannot_take_the_place_is_given_beside_it(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    await delivery.tell(await typed_in(slack, AVATARS), QUESTION)
    click = await clicked(slack, seen(slack)[0])
    slack.trouble.server_errors("response_url")
    await delivery.tell(click, MESSAGE, instead=True)

    assert [message.text for message in seen(slack)] == [QUESTION.text, MESSAGE.text]


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (503, "text/plain", "upstream connect error"),
        (200, "text/plain", "ok"),
        (429, "text/plain", "slow down"),
        (200, "application/json", "{"),
        (500, "application/json", '"oops"'),
        (200, "application/json", "[]"),
        (502, "text/html", "<html>"),
    ],
)
async def test_an_answer_that_is_not_slacks_closes_a_route_and_not_the_message(
    slack: SlackStandIn, session: aiohttp.ClientSession, status: int, content_type: str, body: str
) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type=content_type)

    proxy = web.Application()
    proxy.router.add_post("/{method}", answer)
    async with TestServer(proxy) as server:
        client = AsyncWebClient(
            "xoxb-1", base_url=str(server.make_url("/")), session=session, retry_handlers=[]
        )
        delivery = Delivery(client, session, sleep=at_once)
        await delivery.announce(await typed_in(slack, AVATARS), rendered)
        there = standing(AVATARS, "1700000000.000100")
        assert not await delivery.edit(there, MESSAGE)

    assert [message.origin for message in seen(slack)] == ["response_url"]


async def test_a_route_that_takes_too_long_is_left_for_the_next(
    client: AsyncWebClient, session: aiohttp.ClientSession, slack: SlackStandIn
) -> None:
    slack.trouble.hang("chat.postMessage", seconds=30)
    slack.trouble.hang("response_url", seconds=30)
    asking = await typed_in(slack, AVATARS)
    with capture_logs() as lines:
        await Delivery(client, session, sleep=at_once, time_factor=0.01).announce(asking, rendered)

    assert [message.origin for message in seen(slack)] == ["chat.postEphemeral"]
    closed = [(line["route"], line["reason"]) for line in lines if "route" in line]
    timed_out = "the answer timed out"
    assert closed == [("channel", timed_out), ("response_url in channel", timed_out)]


def test_a_channel_has_the_time_for_two_tries_and_the_other_routes_less() -> None:
    assert ROUTE_SECONDS < CHANNEL_SECONDS <= CALL_SECONDS
    assert 2 * TRY_SECONDS < CHANNEL_SECONDS


@pytest.fixture
async def announced(delivery: Delivery) -> Post:
    """Announce a start in the channel, and return its post."""
    delivered = await delivery.announce(INVOCATION, lambda hint: MESSAGE)
    return standing(delivered.channel, delivered.ts)


async def test_an_announcement_is_edited_in_its_place(
    delivery: Delivery, slack: SlackStandIn, announced: Post
) -> None:
    assert await delivery.edit(announced, ENDED)

    [message] = seen(slack)
    assert (message.text, message.ts) == (ENDED.text, announced.ts)
    assert [block["text"]["text"] for block in message.blocks] == ["*Avatar job ended.*"]


async def test_an_edit_whose_blocks_slack_refuses_is_made_without_them(
    delivery: Delivery, slack: SlackStandIn, announced: Post
) -> None:
    assert await delivery.edit(announced, Message(ENDED.text, ({"type": "hologram"},)))

    [message] = seen(slack)
    assert (message.text, message.blocks) == (ENDED.text, [])


async def test_a_reply_stands_in_the_thread_and_the_channel_does_not_see_it(
    delivery: Delivery, slack: SlackStandIn, announced: Post
) -> None:
    assert await delivery.reply(announced, ENDED)

    message, reply = seen(slack)
    assert (reply.text, reply.thread_ts) == (ENDED.text, announced.ts)
    assert not reply.reply_broadcast
    assert message.text == MESSAGE.text


Reach = Callable[[Delivery, Post], Any]
REACHES = pytest.mark.parametrize(
    "reach",
    [lambda delivery, row: delivery.edit(row, ENDED), lambda delivery, row: delivery.reply(row, ENDED)],
    ids=["edit", "reply"],
)


@REACHES
async def test_an_announcement_that_slack_does_not_take_now_is_to_be_tried_again(
    delivery: Delivery, slack: SlackStandIn, announced: Post, reach: Reach
) -> None:
    slack.trouble.server_errors(times=MOST_TRIES)
    slack.trouble.rate_limit(times=MOST_THROTTLED_TRIES)

    assert not await reach(delivery, announced)
    assert not await reach(delivery, announced)
    assert await reach(delivery, announced)


@REACHES
async def test_an_announcement_that_takes_too_long_is_to_be_tried_again(
    client: AsyncWebClient, slack: SlackStandIn, announced: Post, reach: Reach
) -> None:
    slack.trouble.hang(seconds=30)
    async with aiohttp.ClientSession() as session:
        assert not await reach(Delivery(client, session, sleep=at_once, time_factor=0.005), announced)


@REACHES
@pytest.mark.parametrize("place", [{"channel": None, "ts": None}, {"ts": None}], ids=["nowhere", "no ts"])
async def test_an_announcement_that_went_elsewhere_is_out_of_reach(
    delivery: Delivery, announced: Post, reach: Reach, place: dict[str, Any]
) -> None:
    with pytest.raises(Undeliverable):
        await reach(delivery, replace(announced, **place))


@REACHES
async def test_where_the_bot_was_removed_the_announcement_is_out_of_reach(
    delivery: Delivery, slack: SlackStandIn, announced: Post, reach: Reach
) -> None:
    slack.workspace.remove(AVATARS, BOT)
    with pytest.raises(Undeliverable, match="not_in_channel"):
        await reach(delivery, announced)


@REACHES
async def test_in_an_archived_channel_the_announcement_is_out_of_reach(
    delivery: Delivery, slack: SlackStandIn, announced: Post, reach: Reach
) -> None:
    slack.workspace.archive(AVATARS)
    with pytest.raises(Undeliverable, match=r"is_archived|is_inactive"):
        await reach(delivery, announced)


async def test_an_announcement_that_was_deleted_is_out_of_reach(
    delivery: Delivery, client: AsyncWebClient, announced: Post
) -> None:
    await client.chat_delete(channel=AVATARS, ts=announced.ts or "")
    with pytest.raises(Undeliverable, match="message_not_found"):
        await delivery.edit(announced, ENDED)


@pytest.mark.parametrize(
    ("word", "passes"),
    [
        ("ratelimited", True),
        ("internal_error", True),
        ("service_unavailable", True),
        ("token_expired", True),
        ("channel_not_found", False),
        ("restricted_action", False),
        ("edit_window_closed", False),
        ("thread_not_found", False),
        ("msg_too_long", False),
        ("a_word_of_next_year", False),
    ],
)
@REACHES
async def test_slacks_words_tell_whether_trying_again_is_of_use(
    session: aiohttp.ClientSession, reach: Reach, word: str, passes: object
) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error": word})

    slack = web.Application()
    slack.router.add_post("/{method}", refuse)
    there = standing(AVATARS, "1700000000.000100")
    async with TestServer(slack) as server:
        client = AsyncWebClient(
            "xoxb-1", base_url=str(server.make_url("/")), session=session, retry_handlers=[]
        )
        if passes:
            assert not await reach(Delivery(client, session, sleep=at_once), there)
        else:
            with pytest.raises(Undeliverable, match=word):
                await reach(Delivery(client, session, sleep=at_once), there)


async def test_what_somebody_else_wrote_is_out_of_reach(
    delivery: Delivery, slack: SlackStandIn, announced: Post
) -> None:
    theirs = slack.say("Hello.", user=MEI, channel=AVATARS)
    with pytest.raises(Undeliverable, match="cant_update_message"):
        await delivery.edit(replace(announced, ts=theirs.ts), ENDED)


async def test_a_post_elsewhere_goes_to_its_own_channel_and_nowhere_else(
    delivery: Delivery, slack: SlackStandIn
) -> None:
    delivered = await delivery.post(standing(AVATARS, None), MESSAGE)
    [message] = seen(slack)
    assert (delivered.channel, delivered.ts) == (message.channel, message.ts) == (AVATARS, message.ts)
    with pytest.raises(Undeliverable, match="not_in_channel"):
        await delivery.post(standing(GENERAL, None), MESSAGE)
    assert seen(slack) == [message]
