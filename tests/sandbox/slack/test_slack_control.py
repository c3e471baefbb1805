from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, Tokens

MEI, JONAS = "U0MEI00001", "U0JONAS001"


@pytest.fixture
async def outside(slack: SlackStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=slack.url) as session:
        yield session


async def said(response: aiohttp.ClientResponse) -> Any:
    return await response.json()


async def test_a_command_can_be_typed_from_outside(
    outside: aiohttp.ClientSession, slack: SlackStandIn, tokens: Tokens
) -> None:
    opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=tokens.app_token)
    async with outside.ws_connect(opened["url"]) as socket:
        await socket.receive_json()
        assert await said(await outside.get("/sandbox/sockets")) == {"open": 1}
        await slack.disconnect()
        assert await said(await outside.get("/sandbox/sockets")) == {"open": 0}
    body = {"command": "/avatar-start", "text": "room-1", "user": JONAS, "channel": "C0GENERAL1"}
    result = await said(await outside.post("/sandbox/commands", json=body))
    assert result["error"] == "dispatch_failed"
    assert set(result) == {"ack", "error", "milliseconds", "http_status", "problems", "trigger_id"}


async def test_messages_are_listed_for_a_viewer(
    outside: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C0AVATARS1", user=MEI, text="Psst")
    await client.chat_postMessage(channel="C0STUDIO01", text="Hello")

    async def listed(query: str) -> list[str]:
        answer = await said(await outside.get(f"/sandbox/messages{query}"))
        return [message["text"] for message in answer["messages"]]

    assert await listed("") == ["Psst", "Hello"]
    assert await listed(f"?viewer={JONAS}") == ["Hello"]
    assert await listed(f"?viewer={MEI}&channel=C0AVATARS1") == ["Psst"]


async def test_messages_are_listed_after_a_ts_and_the_latest_alone(outside: aiohttp.ClientSession) -> None:
    said_before = [
        await said(await outside.post("/sandbox/messages", json={"text": str(number), "user": JONAS}))
        for number in range(5)
    ]

    async def listed(query: str) -> list[str]:
        answer = await said(await outside.get(f"/sandbox/messages?{query}"))
        return [message["text"] for message in answer["messages"]]

    assert said_before[0]["user"] == JONAS
    assert await listed(f"after={said_before[2]['ts']}") == ["3", "4"]
    assert await listed(f"after={said_before[0]['ts']}&channel=C0AVATARS1&latest=3") == ["2", "3", "4"]
    assert await listed("latest=1") == ["4"]
    assert await listed("latest=0") == []


async def test_channels_are_changed_from_outside(
    outside: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    async def change(**wish: Any) -> Any:
        return await said(await outside.post("/sandbox/channels", json={"channel": "C0AVATARS1"} | wish))

    async def error_of_posting() -> str:
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel="C0AVATARS1", text="Hello")
        return str(refused.value.response["error"])

    assert (await change())["name"] == "avatars"
    assert (await change(archived=True))["archived"] is True
    assert await error_of_posting() == "is_archived"
    changed = await change(archived=False, bot_is_member=False)
    assert (changed["archived"], changed["bot_is_member"]) == (False, False)
    assert await error_of_posting() == "not_in_channel"
    await change(bot_is_member=True)
    await client.chat_postMessage(channel="C0AVATARS1", text="Hello")


async def test_traffic_is_listed(outside: aiohttp.ClientSession, client: AsyncWebClient) -> None:
    await client.auth_test()
    [call] = (await said(await outside.get("/sandbox/traffic")))["traffic"]
    assert (call["kind"], call["name"]) == ("web_api", "auth.test")


async def test_the_workspace_is_described(outside: aiohttp.ClientSession, slack: SlackStandIn) -> None:
    workspace = await said(await outside.get("/sandbox/workspace"))
    assert [person["name"] for person in workspace["people"]] == ["Mei", "Jonas", "Amara", "Priya (Partner)"]
    assert workspace["channels"][0]["name"] == "avatars"
    assert slack.workspace.bot.user_id in workspace["channels"][0]["members"]
    assert workspace["bot"]["handle"] == "avatar-bot"


async def test_trouble_is_made_and_ended_from_outside(
    outside: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    for kind, status in (("ratelimited", 429), ("server_error", 500)):
        await outside.post("/sandbox/trouble", json={"kind": kind, "method": "auth.test", "seconds": 7})
        with pytest.raises(SlackApiError) as refused:
            await client.auth_test()
        assert refused.value.response.status_code == status
        assert refused.value.response.headers.get("Retry-After") in (None, "7")
        await outside.post("/sandbox/trouble", json={"kind": "clear"})
        await client.auth_test()
    await outside.post("/sandbox/trouble", json={"kind": "lost", "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await client.auth_test()
    await client.auth_test()
    assert (await outside.post("/sandbox/trouble", json={"kind": "hang", "times": 1})).status == 200
    assert (await outside.post("/sandbox/trouble", json={"kind": "disconnect"})).status == 200


async def test_the_request_url_is_set_and_unset(outside: aiohttp.ClientSession, slack: SlackStandIn) -> None:
    await outside.put("/sandbox/request-url", json={"url": "http://127.0.0.1:3000/slack/events"})
    assert slack.request_url == "http://127.0.0.1:3000/slack/events"
    await outside.put("/sandbox/request-url", json={"url": None})
    assert slack.request_url is None


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/sandbox/commands", "{", "not JSON"),
        ("POST", "/sandbox/commands", "[]", "must be a JSON object"),
        ("POST", "/sandbox/commands", "{}", "a command is a slash and a word"),
        ("POST", "/sandbox/commands", '{"command": 1}', "command must be a string"),
        ("POST", "/sandbox/commands", '{"command": "/x", "user": "U1"}', "nobody here"),
        ("POST", "/sandbox/trouble", '{"kind": "flood"}', "kind is one of"),
        ("POST", "/sandbox/trouble", '{"kind": "hang", "seconds": -1}', "seconds must be a number"),
        ("POST", "/sandbox/trouble", '{"kind": "hang", "times": true}', "times must be a number"),
        ("POST", "/sandbox/trouble", '{"kind": "hang", "times": 1e999}', "times must be a whole number"),
        ("GET", "/sandbox/messages?after=now", "", "is not a ts"),
        ("GET", "/sandbox/messages?latest=-1", "", "latest is a number of messages"),
        ("POST", "/sandbox/messages", "{}", "text is missing"),
        ("POST", "/sandbox/messages", '{"text": "x", "channel": "C1"}', "sees no channel"),
        ("POST", "/sandbox/channels", "{}", "channel is missing"),
        ("POST", "/sandbox/channels", '{"channel": "C1"}', "there is no channel"),
        ("POST", "/sandbox/channels", '{"channel": "C0AVATARS1", "archived": 1}', "must be true or false"),
        ("POST", "/sandbox/user-groups", '{"group": "S1", "users": "U1"}', "must be a list of strings"),
        ("PUT", "/sandbox/request-url", "{}", "url is an http address"),
        ("PUT", "/sandbox/request-url", '{"url": "ftp://x"}', "url is an http address"),
    ],
)
async def test_malformed_requests_are_refused_in_words(
    outside: aiohttp.ClientSession, method: str, path: str, body: str, words: str
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await outside.request(method, path, data=body, headers=headers)
    assert response.status == 400
    assert words in (await said(response))["error"]


async def test_a_form_from_a_foreign_page_is_refused(outside: aiohttp.ClientSession) -> None:
    response = await outside.post("/sandbox/commands", data={"command": "/avatar-start"})
    assert response.status == 400


@pytest.mark.parametrize(
    ("wish", "status", "body", "retry_after"),
    [
        ({"kind": "ratelimited", "retry_after": ""}, 429, "ratelimited", None),
        ({"kind": "ratelimited", "retry_after": "tomorrow"}, 429, "ratelimited", "tomorrow"),
        ({"kind": "refused", "error": "invalid_blocks"}, 200, "invalid_blocks", None),
        ({"kind": "answered", "body": "<h1>Welcome</h1>"}, 200, "<h1>Welcome</h1>", None),
        ({"kind": "answered", "status": 302, "headers": {"Location": "/"}}, 302, "", None),
    ],
)
async def test_another_answer_than_slacks_is_given_once_and_nothing_is_done(
    outside: aiohttp.ClientSession,
    slack: SlackStandIn,
    *,
    wish: dict[str, Any],
    status: int,
    body: str,
    retry_after: str | None,
) -> None:
    await slack.command("/other", "", channel="C0AVATARS1", user=MEI)
    address = slack.issued_response_urls[-1].removeprefix(slack.url)
    before = len(slack.messages())
    trouble = wish | {"method": "response_url", "times": 1}
    assert await said(await outside.post("/sandbox/trouble", json=trouble)) == {"ok": True}

    answer = await outside.post(address, json={"text": "Hello"}, allow_redirects=False)
    assert (answer.status, answer.headers.get("Retry-After")) == (status, retry_after)
    assert body in await answer.text()
    assert len(slack.messages()) == before
    assert await (await outside.post(address, json={"text": "Hello"})).text() == "ok"


async def test_only_blocks_are_refused_and_a_connection_is_cut_before_anything_is_done(
    outside: aiohttp.ClientSession, slack: SlackStandIn, client: AsyncWebClient
) -> None:
    await outside.post(
        "/sandbox/trouble", json={"kind": "refused", "error": "invalid_blocks_format", "blocks_only": True}
    )
    blocks = [{"type": "divider"}]
    with pytest.raises(SlackApiError, match="invalid_blocks_format"):
        await client.chat_postMessage(channel="C0AVATARS1", text="With", blocks=blocks)
    await client.chat_postMessage(channel="C0AVATARS1", text="Without blocks")
    await outside.post("/sandbox/trouble", json={"kind": "cut", "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C0AVATARS1", text="Cut")
    assert [message.text for message in slack.messages()] == ["Without blocks"]


async def test_user_groups_and_the_scope_to_read_them_are_given_from_outside(
    outside: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    async def change(**wish: Any) -> None:
        await said(await outside.post("/sandbox/user-groups", json=wish))

    async def error_of_asking(**arguments: Any) -> str:
        with pytest.raises(SlackApiError) as refused:
            await client.api_call("usergroups.users.list", params=arguments)
        return str(refused.value.response["error"])

    assert await error_of_asking(usergroup="S1") == "missing_scope"
    await change(scopes=["usergroups:read"], group="S1", users=["U1"])
    assert (await client.usergroups_users_list(usergroup="S1"))["users"] == ["U1"]
    assert await error_of_asking() == "invalid_arguments"
    await change(group="S1", users=None)
    assert await error_of_asking(usergroup="S1") == "no_such_subteam"
