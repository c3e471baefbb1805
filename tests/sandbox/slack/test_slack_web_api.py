import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, Tokens
from tests.clock import Clock

AVATARS, GENERAL, STUDIO = "C0AVATARS1", "C0GENERAL1", "C0STUDIO01"
PLANS, TRIO, SOMEBODYS_DM = "C0PLANS001", "G0TRIO0001", "D0MEIJONAS"
MEI, JONAS, AMARA = "U0MEI00001", "U0JONAS001", "U0AMARA001"
TEAPOT = [{"type": "teapot"}]
SECTION = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Started*"}}]


async def error_of(call: Awaitable[Any]) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_says_who_the_bot_is(client: AsyncWebClient, slack: SlackStandIn) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == slack.workspace.bot.user_id
    assert answer["team_id"] == slack.workspace.team_id
    assert answer.headers["x-oauth-scopes"] == "commands,chat:write"


async def test_tells_its_tokens_apart(slack: SlackStandIn, tokens: Tokens) -> None:
    def asking(token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=slack.api_url)

    assert await error_of(asking(None).auth_test()) == "not_authed"
    assert await error_of(asking("xoxb-other").auth_test()) == "invalid_auth"
    assert await error_of(asking(tokens.app_token).auth_test()) == "not_allowed_token_type"
    assert await error_of(asking(None).apps_connections_open(app_token=tokens.bot_token)) == (
        "not_allowed_token_type"
    )
    opened = await asking(None).apps_connections_open(app_token=tokens.app_token)
    assert opened["url"].startswith(slack.url.replace("http", "ws") + "/link/?ticket=")
    assert await error_of(asking(tokens.bot_token).api_call("chat.shout")) == "unknown_method"


async def test_takes_forms_with_a_token_field(slack: SlackStandIn, tokens: Tokens) -> None:
    form = {
        "token": tokens.bot_token,
        "channel": AVATARS,
        "text": "Hello",
        "blocks": json.dumps(SECTION),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.api_url}chat.postMessage", data=form) as response,
    ):
        assert (await response.json())["ok"] is True
    assert slack.messages()[0].blocks == SECTION


async def test_refuses_json_it_cannot_read(slack: SlackStandIn) -> None:
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in ("{", "[]"):
            async with session.post(f"{slack.api_url}chat.postMessage", data=body) as response:
                assert await response.json() == {"ok": False, "error": "invalid_json"}


async def test_posts_and_gives_each_message_a_later_ts(client: AsyncWebClient, slack: SlackStandIn) -> None:
    answers = [await client.chat_postMessage(channel=AVATARS, text=f"{n}") for n in range(3)]
    stamps = [answer["ts"] for answer in answers]
    assert stamps == sorted(set(stamps))
    assert all(len(ts.split(".")[1]) == 6 for ts in stamps)
    assert [message.text for message in slack.messages(AVATARS, AMARA)] == ["0", "1", "2"]
    assert answers[0]["message"]["bot_id"] == slack.workspace.bot.bot_id


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (GENERAL, "not_in_channel"),
        (PLANS, "channel_not_found"),
        (TRIO, "channel_not_found"),
        (SOMEBODYS_DM, "channel_not_found"),
        ("C0NOWHERE1", "channel_not_found"),
    ],
)
async def test_posts_only_where_the_bot_is(client: AsyncWebClient, channel: str, error: str) -> None:
    assert await error_of(client.chat_postMessage(channel=channel, text="Hello")) == error


async def test_membership_changes_take_effect_at_once(client: AsyncWebClient, slack: SlackStandIn) -> None:
    bot = slack.workspace.bot.user_id
    slack.workspace.invite(GENERAL, bot)
    await client.chat_postMessage(channel="#general", text="Hello")
    slack.workspace.remove(STUDIO, bot)
    assert await error_of(client.chat_postMessage(channel=STUDIO, text="Hello")) == "channel_not_found"
    slack.workspace.restrict(GENERAL)
    assert await error_of(client.chat_postMessage(channel=GENERAL, text="Hello")) == "restricted_action"
    slack.workspace.archive(GENERAL)
    assert await error_of(client.chat_postMessage(channel=GENERAL, text="Hello")) == "is_archived"
    slack.workspace.unarchive(GENERAL)
    assert await error_of(client.chat_postMessage(channel=GENERAL, text="Hello")) == "restricted_action"


async def test_a_user_id_as_channel_is_a_direct_message(client: AsyncWebClient, slack: SlackStandIn) -> None:
    first = await client.chat_postMessage(channel=MEI, text="For you")
    second = await client.chat_postMessage(channel=MEI, text="Again")
    assert first["channel"] == second["channel"]
    assert first["channel"].startswith("D")
    assert len(slack.messages(viewer=MEI)) == 2
    assert slack.messages(viewer=JONAS) == []
    assert await error_of(client.chat_postMessage(channel="U0NOBODY01", text="Hello")) == "channel_not_found"


async def test_refuses_content_that_cannot_be_shown(client: AsyncWebClient) -> None:
    async def post(**content: Any) -> Any:
        return await client.api_call("chat.postMessage", json={"channel": AVATARS, **content})

    long_section = {"type": "section", "text": {"type": "plain_text", "text": "x" * 2900}}
    assert await error_of(post(text="")) == "no_text"
    assert await error_of(post(text="x" * 40_001)) == "msg_too_long"
    assert await error_of(post(text="x", blocks="[")) == "invalid_blocks_format"
    assert await error_of(post(text="x", blocks={"type": "divider"})) == "invalid_blocks_format"
    assert await error_of(post(text="x", blocks=[long_section] * 5)) == "msg_blocks_too_long"
    with pytest.raises(SlackApiError) as refused:
        await post(text="x", blocks=TEAPOT)
    assert refused.value.response["error"] == "invalid_blocks"
    assert refused.value.response["response_metadata"]["messages"] == [
        "[ERROR] unsupported type: teapot [json-pointer:/blocks/0/type]"
    ]


async def test_names_a_missing_argument(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.api_call("chat.postMessage", json={"text": "Hello"})
    assert refused.value.response["error"] == "invalid_arguments"
    assert refused.value.response["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel"
    ]


async def test_an_ephemeral_message_is_for_one_person(client: AsyncWebClient, slack: SlackStandIn) -> None:
    answer = await client.chat_postEphemeral(channel=AVATARS, user=MEI, text="Psst")
    assert [message.text for message in slack.messages(AVATARS, MEI)] == ["Psst"]
    assert slack.messages(AVATARS, JONAS) == []
    call = client.chat_update(channel=AVATARS, ts=answer["message_ts"], text="Louder")
    assert await error_of(call) == "message_not_found"
    slack.workspace.remove(AVATARS, JONAS)
    call = client.chat_postEphemeral(channel=AVATARS, user=JONAS, text="Psst")
    assert await error_of(call) == "user_not_in_channel"


async def test_an_update_with_a_text_alone_takes_the_blocks_away(
    client: AsyncWebClient, slack: SlackStandIn
) -> None:
    posted = await client.chat_postMessage(channel=AVATARS, text="Starting", blocks=SECTION)
    ts: str = posted["ts"]
    await client.chat_update(channel=AVATARS, ts=ts, text="Started", blocks=SECTION)
    [message] = slack.messages(AVATARS)
    assert (message.text, message.blocks, message.ts) == ("Started", SECTION, ts)
    assert message.edited is not None
    await client.chat_update(channel=AVATARS, ts=ts, text="Ended")
    assert (message.text, message.blocks) == ("Ended", [])


async def test_an_update_is_refused_for_content_that_cannot_be_shown(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=AVATARS, text="Starting")

    async def refusal(**content: Any) -> str:
        update = {"channel": AVATARS, "ts": posted["ts"], **content}
        return await error_of(client.api_call("chat.update", json=update))

    assert await refusal(text="x", blocks=TEAPOT) == "invalid_blocks"
    assert await refusal() == "no_text"
    assert await refusal(text="x" * 4001) == "msg_too_long"


async def test_an_update_needs_a_message_of_the_bots_in_a_channel_of_its(
    client: AsyncWebClient, slack: SlackStandIn
) -> None:
    async def refusal(channel: str, ts: str) -> str:
        return await error_of(client.chat_update(channel=channel, ts=ts, text="x"))

    posted = {
        channel: str((await client.chat_postMessage(channel=channel, text="Hello"))["ts"])
        for channel in (AVATARS, STUDIO)
    }
    said = slack.say("Hello, bot", user=JONAS)
    assert await refusal(AVATARS, "1.0") == "message_not_found"
    assert await refusal("C0NOWHERE1", posted[AVATARS]) == "channel_not_found"
    assert await refusal(AVATARS, said.ts) == "cant_update_message"
    assert await error_of(client.chat_delete(channel=AVATARS, ts=said.ts)) == "cant_delete_message"
    slack.workspace.archive(AVATARS)
    assert await refusal(AVATARS, posted[AVATARS]) == "is_inactive"
    slack.workspace.unarchive(AVATARS)
    for channel, error in ((AVATARS, "not_in_channel"), (STUDIO, "channel_not_found")):
        slack.workspace.remove(channel, slack.workspace.bot.user_id)
        assert await refusal(channel, posted[channel]) == error
    assert {message.text for message in slack.messages()} == {"Hello", "Hello, bot"}


async def test_a_reply_is_known_by_its_thread(client: AsyncWebClient, slack: SlackStandIn) -> None:
    root = await client.chat_postMessage(channel=AVATARS, text="Started")
    thread: str = root["ts"]
    reply = await client.chat_postMessage(channel=AVATARS, text="Running", thread_ts=thread)
    aloud = await client.chat_postMessage(
        channel=AVATARS, text="Ended", thread_ts=thread, reply_broadcast=True
    )
    await client.chat_postMessage(channel=AVATARS, text="Next", reply_broadcast=True)
    assert [(said.text, said.thread_ts, said.reply_broadcast) for said in slack.messages(AVATARS)] == [
        ("Started", None, False),
        ("Running", thread, False),
        ("Ended", thread, True),
        ("Next", None, False),
    ]
    assert reply["message"]["thread_ts"] == aloud["message"]["thread_ts"] == thread
    assert "subtype" not in reply["message"]
    assert aloud["message"]["subtype"] == "thread_broadcast"


async def test_a_person_writes_where_they_see_something(slack: SlackStandIn) -> None:
    said = slack.say("<b> @jonas", channel=GENERAL)
    assert (said.user, said.text, said.origin) == (MEI, "&lt;b&gt; <@U0JONAS001|jonas>", "person")
    reply = slack.say("Me too", user=JONAS, channel=GENERAL, thread_ts=said.ts)
    assert [message.ts for message in slack.messages(GENERAL, AMARA)] == [said.ts, reply.ts]
    with pytest.raises(ValueError, match="Jonas sees no channel"):
        slack.say("Hello", user=JONAS, channel=PLANS)
    slack.workspace.archive(GENERAL)
    with pytest.raises(ValueError, match="archived"):
        slack.say("Hello", channel=GENERAL)


async def test_every_message_is_kept_and_the_latest_are_found(slack: SlackStandIn, clock: Clock) -> None:
    for number in range(25_000):
        slack.say(str(number), channel=GENERAL if number % 5 else AVATARS)
    assert [message.text for message in slack.messages()] == [str(number) for number in range(25_000)]
    [*_, nearly_last, last] = slack.messages(AVATARS)
    assert (nearly_last.text, last.text) == ("24990", "24995")
    assert slack.messages(AVATARS, after=nearly_last.ts) == [last]
    assert slack.messages(AVATARS, after=last.ts) == []
    assert [message.text for message in slack.messages(GENERAL, latest=2)] == ["24998", "24999"]
    clock.advance(1)
    newest = slack.say("newest")
    assert slack.messages(after=slack.messages(GENERAL, latest=1)[0].ts) == [newest]
    with pytest.raises(ValueError, match="is not a ts"):
        slack.messages(after="yesterday")


async def test_a_deleted_message_is_gone(client: AsyncWebClient, slack: SlackStandIn) -> None:
    posted = await client.chat_postMessage(channel=AVATARS, text="Oops")
    await client.chat_delete(channel=AVATARS, ts=posted["ts"])
    assert slack.messages() == []
    assert await error_of(client.chat_delete(channel=AVATARS, ts=posted["ts"])) == "message_not_found"


async def test_people_see_only_their_conversations(client: AsyncWebClient, slack: SlackStandIn) -> None:
    await client.chat_postMessage(channel=STUDIO, text="Secret")
    assert len(slack.messages(viewer=MEI)) == 1
    assert slack.messages(viewer=AMARA) == []


async def test_remembers_whom_a_message_pinged(client: AsyncWebClient, slack: SlackStandIn) -> None:
    loud = [{"type": "section", "text": {"type": "mrkdwn", "text": "<!here|here> <!channel>"}}]
    meek = [{"type": "section", "text": {"type": "plain_text", "text": "<!channel>"}}]
    await client.chat_postMessage(channel=AVATARS, text="<!everyone>", blocks=loud)
    await client.chat_postMessage(channel=AVATARS, text="&lt;!channel&gt;", blocks=meek)
    assert [message.mentions for message in slack.messages()] == [("everyone", "here", "channel"), ()]


async def test_can_limit_the_posts_of_a_channel(
    client: AsyncWebClient, slack: SlackStandIn, clock: Clock
) -> None:
    slack.posts_per_second = 1
    await client.chat_postMessage(channel=AVATARS, text="1")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=AVATARS, text="2")
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel=STUDIO, text="elsewhere")
    clock.advance(1)
    await client.chat_postMessage(channel=AVATARS, text="2")


async def test_validates_blocks_without_a_token(slack: SlackStandIn) -> None:
    anybody = AsyncWebClient(base_url=slack.api_url)
    await anybody.api_call("blocks.validate", json={"blocks": SECTION})
    assert await error_of(anybody.api_call("blocks.validate", json={"blocks": TEAPOT})) == "invalid_blocks"


async def test_is_rate_limited_on_demand(client: AsyncWebClient, slack: SlackStandIn, clock: Clock) -> None:
    slack.trouble.rate_limit("chat.postMessage", seconds=30, retry_after=7)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=AVATARS, text="Hello")
    assert refused.value.response["error"] == "ratelimited"
    assert refused.value.response.headers["Retry-After"] == "7"
    await client.auth_test()
    clock.advance(30)
    await client.chat_postMessage(channel=AVATARS, text="Hello")
    assert len(slack.messages()) == 1


async def test_breaks_a_number_of_times_on_demand(client: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.trouble.server_errors(times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            await client.auth_test()
        assert refused.value.response.status_code == 500
    await client.auth_test()


async def test_loses_an_answer_but_does_the_work(client: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.trouble.lose_answers("chat.postMessage", times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=AVATARS, text="Hello")
    assert [message.text for message in slack.messages()] == ["Hello"]


async def test_hangs_until_the_trouble_is_over(client: AsyncWebClient, slack: SlackStandIn) -> None:
    slack.trouble.hang("auth.test")
    asking = asyncio.create_task(client.auth_test())
    await asyncio.sleep(0.1)
    assert not asking.done()
    slack.trouble.clear()
    with pytest.raises(SlackApiError):
        await asking
    await client.auth_test()


async def test_ends_at_once_while_requests_hang(tokens: Tokens) -> None:
    slack = SlackStandIn(tokens)
    await slack.start()
    slack.trouble.hang()
    asking = asyncio.create_task(AsyncWebClient(base_url=slack.api_url, retry_handlers=[]).auth_test())
    await asyncio.sleep(0.1)
    async with asyncio.timeout(2):
        await slack.close()
    await asyncio.gather(asking, return_exceptions=True)


async def test_says_when_its_port_is_taken(slack: SlackStandIn, tokens: Tokens) -> None:
    late = SlackStandIn(tokens)
    with pytest.raises(OSError, match="in use"):
        await late.start(port=int(slack.url.rpartition(":")[2]))
    with pytest.raises(RuntimeError, match="not been started"):
        _ = late.url


async def test_traffic_holds_calls_but_no_tokens(
    client: AsyncWebClient, slack: SlackStandIn, tokens: Tokens
) -> None:
    await client.chat_postMessage(channel=AVATARS, text=f"My token is {tokens.bot_token}")
    [call] = [exchange for exchange in slack.traffic if exchange.kind == "web_api"]
    assert call.name == "chat.postMessage"
    assert call.sent["channel"] == AVATARS
    assert call.answer["ok"] is True
    assert tokens.bot_token not in repr(slack.traffic)


async def test_several_stand_ins_are_independent(slack: SlackStandIn, client: AsyncWebClient) -> None:
    others = Tokens("xoxb-2", "xapp-2", "other")
    async with SlackStandIn(others) as other:
        await AsyncWebClient(token="xoxb-2", base_url=other.api_url).chat_postMessage(
            channel=AVATARS, text="x"
        )
        assert len(other.messages()) == 1
    assert slack.messages() == []
