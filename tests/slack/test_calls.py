"""Answers of Slack and of proxies in between, and which calls are retried."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.calls import (
    LONGEST_PAUSE_SECONDS,
    MOST_THROTTLED_TRIES,
    MOST_TRIES,
    SlackCalls,
    post_to_response_url,
    said_by,
)
from bot.slack.errors import Again, SlackFailure
from tests.metastudio.cloud import Pauses

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PAGE = "<html><title>Sign in to the guest network</title></html>"


@dataclass
class Says:
    """An answer: body, status and headers."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, _request: web.Request) -> web.Response:
        return web.Response(
            status=self.status, text=self.body, content_type=self.content_type, headers=self.headers
        )


async def cut(request: web.Request) -> web.StreamResponse:
    """Close the connection before the answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half(request: web.Request) -> web.StreamResponse:
    """Close the connection after the first of two bytes."""
    response = web.StreamResponse(headers={"Content-Length": "2"})
    await response.prepare(request)
    await response.write(b"o")
    assert request.transport is not None
    request.transport.close()
    return response


class Server:
    """Gives its answers one after the other; the last one is repeated. `/elsewhere` answers ok."""

    def __init__(self) -> None:
        self.answers: list[Handler] = []
        self.calls = 0
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    played = Server()
    application = web.Application()
    application.router.add_route("*", "/elsewhere", Says(200, "ok").__call__)
    application.router.add_post("/{method}", played.answer)
    async with TestServer(application) as listening:
        played.url = str(listening.make_url("/"))
        yield played


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def calls(pauses: Pauses) -> SlackCalls:
    return SlackCalls(sleep=pauses, jitter=lambda: 0.0)


@pytest.fixture
def respond(server: Server, session: aiohttp.ClientSession) -> Callable[[], Awaitable[None]]:
    return partial(post_to_response_url, session, f"{server.url}hook", {"text": "Hello"}, proxy=None)


@pytest.fixture
def post(server: Server, session: aiohttp.ClientSession) -> Callable[[], Awaitable[Any]]:
    client = AsyncWebClient("xoxb-1", base_url=server.url, session=session, retry_handlers=[])

    async def post() -> Any:
        return said_by(await client.chat_postMessage(channel="C1", text="Hello"), "channel", "ts")

    return post


@pytest.mark.parametrize(
    "answer",
    [
        Says(200, "ok"),
        Says(200, "ok\n"),
        Says(200, '{"ok": true}', "application/json"),
        Says(200, '{"ok":true}'),
    ],
)
async def test_a_response_url_has_delivered_where_slack_says_so(
    server: Server, respond: Callable[[], Awaitable[None]], answer: Handler
) -> None:
    server.answers = [answer]
    await respond()


@pytest.mark.parametrize(
    ("answer", "word", "again"),
    [
        (
            Says(200, '{"ok": false, "error": "invalid_blocks"}', "application/json"),
            "invalid_blocks",
            "NEVER",
        ),
        (Says(200, '{"ok": false}', "application/json"), "HTTP 200", "NEVER"),
        (Says(200, '{"ok": "true"}', "application/json"), "HTTP 200", "NEVER"),
        (Says(200, '{"ok": 1}', "application/json"), "HTTP 200", "NEVER"),
        (Says(200, '["ok"]', "application/json"), "HTTP 200", "NEVER"),
        (Says(200, '{"ok": tru', "application/json"), "HTTP 200", "NEVER"),
        (Says(200, "[" * 9000, "application/json"), "HTTP 200", "NEVER"),
        (Says(200, "no_text"), "no_text", "NEVER"),
        (Says(400, "invalid_payload"), "invalid_payload", "NEVER"),
        (Says(200, PAGE, "text/html"), "HTTP 200", "NEVER"),
        (Says(200, ""), "HTTP 200", "NEVER"),
        (Says(204), "HTTP 204", "NEVER"),
        (Says(302, headers={"Location": "/elsewhere"}), "HTTP 302", "NEVER"),
        (Says(307, headers={"Location": "/elsewhere"}), "HTTP 307", "NEVER"),
        (Says(404, '{"ok": false, "error": "used_url"}', "application/json"), "used_url", "NEVER"),
        (Says(404, PAGE, "text/html"), "HTTP 404", "NEVER"),
        (Says(410, "ok"), "ok", "NEVER"),
        (Says(413, PAGE, "text/html"), "HTTP 413", "NEVER"),
        (Says(500, "ok"), "ok", "SOON"),
        (Says(502, PAGE, "text/html"), "HTTP 502", "SOON"),
        (Says(429, "slow down"), "HTTP 429", "SOON"),
    ],
)
async def test_any_other_answer_of_a_response_url_has_delivered_nothing(
    server: Server, respond: Callable[[], Awaitable[None]], answer: Handler, word: str, again: str
) -> None:
    server.answers = [answer]
    with pytest.raises(SlackFailure) as failed:
        await respond()
    assert (failed.value.word, failed.value.again) == (word, Again[again])


@pytest.mark.parametrize("answer", [cut, half])
async def test_an_answer_that_is_cut_off_is_none(
    server: Server, respond: Callable[[], Awaitable[None]], calls: SlackCalls, answer: Handler
) -> None:
    server.answers = [answer]
    with pytest.raises(SlackFailure):
        await calls.make(respond)
    assert server.calls == MOST_TRIES


POSTED = Says(200, '{"ok": true, "channel": "C1", "ts": "1.2"}', "application/json")


@pytest.mark.parametrize(
    "answer",
    [
        cut,
        half,
        Says(200, PAGE, "text/html"),
        Says(200, "ok"),
        Says(200, ""),
        Says(200, "[]", "application/json"),
        Says(200, "null", "application/json"),
        Says(200, '{"ok": tr', "application/json"),
        Says(200, '{"ok": true}', "application/json"),
        Says(200, '{"ok": true, "channel": "C1"}', "application/json"),
        Says(200, '{"ok": true, "channel": "C1", "ts": null}', "application/json"),
        Says(200, '{"ok": "true", "channel": "C1", "ts": "1.2"}', "application/json"),
        Says(200, '{"ok": false}', "application/json"),
        Says(200, '{"ok": false, "error": "internal_error"}', "application/json"),
        Says(500, PAGE, "text/html"),
        Says(503, '{"ok": false, "error": "service_unavailable"}', "application/json"),
        Says(504),
        Says(429, "{}", "application/json"),
    ],
)
async def test_a_post_of_which_slack_does_not_say_what_came_of_it_is_made_again(
    server: Server, post: Callable[[], Awaitable[Any]], calls: SlackCalls, answer: Handler
) -> None:
    server.answers = [answer, POSTED]
    assert await calls.make(post) == ("C1", "1.2")
    assert server.calls == 2


@pytest.mark.parametrize(
    ("word", "again"),
    [("not_in_channel", "NEVER"), ("invalid_auth", "LATER"), ("xoxb-1 is no token", "SOON"), ("", "SOON")],
)
async def test_a_refusal_is_told_apart_from_what_passes(
    server: Server, post: Callable[[], Awaitable[Any]], calls: SlackCalls, word: str, again: str
) -> None:
    server.answers = [Says(200, f'{{"ok": false, "error": "{word}"}}', "application/json")]
    with pytest.raises(SlackFailure) as failed:
        await calls.make(post)
    assert failed.value.again is Again[again]
    assert server.calls == (MOST_TRIES if again == "SOON" else 1)
    assert "xoxb" not in str(failed.value)


async def test_pauses_grow(
    server: Server, post: Callable[[], Awaitable[Any]], calls: SlackCalls, pauses: Pauses
) -> None:
    server.answers = [Says(502)]
    with pytest.raises(SlackFailure):
        await calls.make(post)
    assert pauses == [0.3, 0.6]


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "-3"}, 0.3),
        ({"Retry-After": "Thu, 01 Jan 2026 12:00:05 GMT", "Date": "Thu, 01 Jan 2026 12:00:00 GMT"}, 5),
        ({"Retry-After": "tomorrow"}, 1),
        ({"Retry-After": ""}, 1),
        ({}, 1),
    ],
)
async def test_a_throttled_call_waits_as_long_as_it_is_asked_to(
    server: Server,
    post: Callable[[], Awaitable[Any]],
    respond: Callable[[], Awaitable[None]],
    calls: SlackCalls,
    *,
    pauses: Pauses,
    headers: dict[str, str],
    pause: float,
) -> None:
    throttled = Says(429, '{"ok": false, "error": "ratelimited"}', "application/json", headers)
    server.answers = [throttled, POSTED]
    await calls.make(post)
    server.answers = [throttled, Says(200, "ok")]
    await calls.make(respond)
    assert pauses == [pause, pause]


@pytest.mark.parametrize("wish", ["86400", "1e999", "11", "Fri, 01 Jan 2100 12:00:00 GMT"])
async def test_nobody_waits_for_as_long_as_an_absurd_retry_after(
    server: Server, post: Callable[[], Awaitable[Any]], calls: SlackCalls, pauses: Pauses, wish: str
) -> None:
    assert LONGEST_PAUSE_SECONDS < 11
    server.answers = [
        Says(429, '{"ok": false, "error": "ratelimited"}', "application/json", {"Retry-After": wish})
    ]
    with pytest.raises(SlackFailure):
        await calls.make(post)
    assert (server.calls, pauses) == (1, [])


async def test_a_call_that_is_always_throttled_ends(
    server: Server, post: Callable[[], Awaitable[Any]], calls: SlackCalls
) -> None:
    server.answers = [Says(429, headers={"Retry-After": "0"})]
    with pytest.raises(SlackFailure):
        await calls.make(post)
    assert server.calls in {MOST_TRIES, MOST_THROTTLED_TRIES}
    server.calls = 0
    server.answers = [Says(429, "{}", "application/json", {"Retry-After": "0"})]
    with pytest.raises(SlackFailure):
        await calls.make(post)
    assert server.calls == MOST_THROTTLED_TRIES


@pytest.mark.parametrize(
    "word",
    [
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_payload",
        "view_too_large",
        "too_many_elements",
        "metadata_exceeds_limit",
    ],
)
def test_refusals_of_the_content_are_known_by_many_names(word: str) -> None:
    assert SlackFailure(word, Again.NEVER).is_about_content


@pytest.mark.parametrize(
    "word", ["not_in_channel", "is_archived", "restricted_action", "messages_tab_disabled"]
)
def test_refusals_of_the_place_are_not_about_the_content(word: str) -> None:
    assert not SlackFailure(word, Again.NEVER).is_about_content
    assert not SlackFailure("message_limit_exceeded", Again.LATER).is_about_content
