"""The Bolt app: its authorization, and its answer when a listener fails."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.slack.bolt import bolt_app
from bot.slack.client import Installation

INSTALLATION = Installation("T0SANDBOX1", "U0AVATARBOT", "B0AVATARBOT", ticket=None)
COMMAND = {
    "command": "/avatar-start",
    "text": "lobby",
    "user_id": "U0MEI00001",
    "team_id": "T0SANDBOX1",
    "channel_id": "C0AVATARS1",
    "trigger_id": "1.2.3",
    "response_url": "https://hooks.slack.com/commands/T/1/secret",
}
CLICK = {
    "type": "block_actions",
    "user": {"id": "U0MEI00001", "team_id": "T0SANDBOX1"},
    "team": {"id": "T0SANDBOX1"},
    "actions": [{"type": "button", "action_id": "stop_job", "value": "lobby job-1"}],
    "trigger_id": "1.2.3",
}

Dispatch = Callable[[dict[str, Any]], Awaitable[BoltResponse]]


@pytest.fixture
def app() -> AsyncApp:
    """Return an app whose Slack cannot be reached, so that every call fails."""
    slack = AsyncWebClient("xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    return bolt_app(slack, INSTALLATION, lambda: "reference-1")


@pytest.fixture
def dispatch(app: AsyncApp) -> Dispatch:
    """Return a function that dispatches a payload as Socket Mode does."""

    async def send(payload: dict[str, Any]) -> BoltResponse:
        return await app.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))

    return send


async def test_it_acts_for_its_installation_without_asking_slack_who_it_is(
    app: AsyncApp, dispatch: Dispatch
) -> None:
    contexts: list[AsyncBoltContext] = []

    @app.command("/avatar-start")
    async def listener(ack: AsyncAck, context: AsyncBoltContext) -> None:
        contexts.append(context)
        await ack("Starting …")

    response = await dispatch(COMMAND)

    assert response.body == "Starting …"
    [context] = contexts
    assert (context.bot_user_id, context.bot_id, context.bot_token) == (
        "U0AVATARBOT",
        "B0AVATARBOT",
        "xoxb-1",
    )


@pytest.mark.parametrize("payload", [COMMAND, CLICK], ids=["command", "click"])
async def test_a_listener_that_fails_is_answered_with_a_reference_to_what_was_logged(
    app: AsyncApp, dispatch: Dispatch, payload: dict[str, Any]
) -> None:
    @app.command("/avatar-start")
    @app.action("stop_job")
    async def listener(ack: AsyncAck) -> None:
        raise RuntimeError("a bug")

    with capture_logs() as lines:
        response = await dispatch(payload)

    assert response.status == 200
    told = json.loads(response.body)
    assert told["response_type"] == "ephemeral"
    assert "Something went wrong inside the bot" in told["text"]
    assert "`reference-1`" in told["text"]
    assert "a bug" not in told["text"]
    [line] = lines
    assert (line["event"], line["log_level"], line["reference"]) == (
        "a listener failed",
        "error",
        "reference-1",
    )
    assert str(line["exc_info"]) == "a bug"
    assert "secret" not in str(lines)


async def test_a_listener_that_fails_after_its_ack_is_logged_and_the_ack_stands(
    app: AsyncApp, dispatch: Dispatch
) -> None:
    @app.command("/avatar-start")
    async def listener(ack: AsyncAck) -> None:
        await ack("Starting …")
        raise RuntimeError("a bug")

    with capture_logs() as lines:
        response = await dispatch(COMMAND)

    assert response.body == "Starting …"
    assert [line["event"] for line in lines] == ["a listener failed"]


async def test_bolt_does_not_warn_of_a_token_that_is_used(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        bolt_app(AsyncWebClient("xoxb-1"), INSTALLATION, lambda: "reference-1")
        logging.getLogger("slack_bolt.AsyncApp").warning("something else")

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "something else"
    ]


async def test_an_ack_is_sent_as_soon_as_its_listener_has_ended(app: AsyncApp, dispatch: Dispatch) -> None:
    @app.command("/avatar-start")
    async def listener(ack: AsyncAck) -> None:
        await ack("Starting …")

    sending = asyncio.ensure_future(dispatch(COMMAND))
    for _ in range(20):  # turns of the event loop, without a sleep
        await asyncio.sleep(0)
    assert sending.done()
    assert sending.result().body == "Starting …"
