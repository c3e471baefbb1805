"""The connection to Slack is lost, refused or not possible yet: the bot says so and reconnects by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.app import running_bot
from bot.domain.invocation import Status
from bot.errors import SettingsError
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import Settings
from tests.stage import ROOM, Stage, free_port, staged, until


@pytest.fixture
async def stage(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> AsyncIterator[Stage]:
    async with staged(slack, metastudio, settings_for(AVATAR_HTTP_PORT=free_port())) as running:
        yield running


@asynccontextmanager
async def starting(settings: Settings) -> AsyncIterator[None]:
    """Start a bot in the background, and end it even if the test fails."""

    async def run() -> None:
        async with running_bot(settings):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def readiness(url: str | None) -> tuple[int, dict[str, Any]]:
    """Return the answer of `/readyz`."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
        return answer.status, (await answer.json())["checks"]


def tickets(slack: SlackStandIn) -> int:
    """Return how often the bot has asked for the address of a socket."""
    return sum(exchange.name == "apps.connections.open" for exchange in slack.traffic)


async def test_each_try_to_reach_the_sockets_host_has_a_new_ticket_and_it_is_not_ready_meanwhile(
    stage: Stage,
) -> None:
    slack = stage.slack
    before = tickets(slack)
    slack.trouble.server_errors("socket", times=2)
    with capture_logs() as lines:
        slack.abort_sockets()
        await until(lambda: any("HTTP 503" in str(line.get("reason")) for line in lines))

        status, checks = await readiness(stage.bot.web_url)
        assert (status, checks["slack"]["ok"], checks["database"]) == (503, False, {"ok": True})
        assert "Socket Mode cannot be reached: it answers HTTP 503" in checks["slack"]["reason"]
        await until(lambda: slack.open_sockets == 1)

    assert tickets(slack) - before == 3
    assert (await readiness(stage.bot.web_url))[0] == 200
    await stage.types(ROOM)
    assert [row.status for row in await stage.log()] == [Status.STARTED]


@pytest.mark.parametrize("word", ["too_many_websockets", "link_disabled", "refresh_requested", "a_new_one"])
async def test_where_slack_ends_each_connection_the_bot_pauses_and_says_so(stage: Stage, word: str) -> None:
    slack = stage.slack
    before = tickets(slack)
    slack.trouble.turn_away(word)
    with capture_logs() as lines:
        slack.abort_sockets()
        await asyncio.sleep(2.5)

    assert 2 <= tickets(slack) - before <= 4
    status, checks = await readiness(stage.bot.web_url)
    assert status == 503
    assert word in checks["slack"]["reason"]
    assert any(word in str(line.get("reason")) for line in lines)


async def test_a_refresh_loses_nothing_and_another_one_soon_after_is_not_hurried(stage: Stage) -> None:
    slack = stage.slack
    before = tickets(slack)
    await slack.disconnect()
    await until(lambda: slack.open_sockets == 1, 0.5)
    await stage.types(ROOM)
    for _ in range(3):
        await slack.disconnect()
        await until(lambda: slack.open_sockets == 1)

    assert [row.status for row in await stage.log()] == [Status.STARTED]
    assert tickets(slack) - before == 4


async def test_a_token_that_is_revoked_while_it_runs_is_named_and_tried_again(stage: Stage) -> None:
    slack = stage.slack
    slack.trouble.refuse("token_revoked", "apps.connections.open", times=2)
    with capture_logs() as lines:
        slack.abort_sockets()
        await until(lambda: len(lines) >= 2)
        status, checks = await readiness(stage.bot.web_url)
        await until(lambda: slack.open_sockets == 1)

    assert status == 503
    assert "SLACK_APP_TOKEN: Slack refuses it (token_revoked)" in checks["slack"]["reason"]
    assert any("SLACK_APP_TOKEN" in str(line.get("reason")) for line in lines)


async def test_a_throttled_ticket_is_asked_for_again_when_slack_says_so(stage: Stage) -> None:
    slack = stage.slack
    slack.trouble.rate_limit("apps.connections.open", times=1, retry_after=2)
    before = tickets(slack)
    slack.abort_sockets()
    await asyncio.sleep(1.7)
    assert tickets(slack) - before == 1
    await until(lambda: slack.open_sockets == 1)


async def test_a_command_that_was_taken_before_a_refresh_is_acknowledged_after_it(stage: Stage) -> None:
    slack = stage.slack
    commands = [asyncio.create_task(slack.command("/avatar-start", f"room-{number}")) for number in range(20)]
    await asyncio.sleep(0)
    await slack.disconnect()
    results = await asyncio.gather(*commands)
    await stage.bot.tasks.idle()

    taken = [result for result in results if result.error is None]
    assert {result.error for result in results} <= {None, "dispatch_failed"}
    assert len(await stage.log()) == len(taken)


async def test_the_bot_waits_for_a_slack_that_is_not_there_yet_and_says_so(
    slack: SlackStandIn, settings_for: Callable[..., Settings]
) -> None:
    port = free_port()
    slack.trouble.go_away()

    with capture_logs() as lines:
        async with starting(settings_for(AVATAR_HTTP_PORT=port)):
            await until(lambda: any(line["event"] == "waiting" for line in lines))
            status, checks = await readiness(f"http://127.0.0.1:{port}")
            assert (status, checks["slack"]["ok"], checks["database"]["ok"]) == (503, False, True)
            assert "Slack cannot be asked who the bot is" in checks["slack"]["reason"]
            slack.trouble.clear()
            await until(lambda: any(line["event"] == "ready" for line in lines))

    assert all("SLACK_API_URL" in line["advice"] for line in lines if line["event"] == "waiting")


async def test_a_database_that_is_not_there_yet_is_waited_for(settings_for: Callable[..., Settings]) -> None:
    port = free_port()
    away = SecretStr(f"postgresql+asyncpg://bot:canary-password@127.0.0.1:{free_port()}/log")

    with capture_logs() as lines:
        async with starting(settings_for(AVATAR_HTTP_PORT=port, AVATAR_DATABASE_URL=away)):
            await until(lambda: any(line["event"] == "waiting" for line in lines))
            status, checks = await readiness(f"http://127.0.0.1:{port}")

    assert (status, checks["database"]["ok"]) == (503, False)
    assert "The database cannot be opened" in checks["database"]["reason"]
    assert "canary-password" not in str((lines, checks))


@pytest.mark.parametrize("word", ["invalid_auth", "account_inactive"])
async def test_a_token_that_slack_refuses_is_not_waited_for(
    slack: SlackStandIn, settings_for: Callable[..., Settings], word: str
) -> None:
    slack.trouble.refuse(word, "auth.test")
    with pytest.raises(SettingsError, match=f"SLACK_BOT_TOKEN: .*{word}"):
        async with asyncio.timeout(5), running_bot(settings_for()):
            raise AssertionError


async def test_a_ticket_serves_one_connection_and_grows_old(
    slack: SlackStandIn, tokens: Tokens, clock: Any
) -> None:
    async with aiohttp.ClientSession() as http:

        async def new_ticket() -> str:
            headers = {"Authorization": f"Bearer {tokens.app_token}"}
            async with http.post(f"{slack.api_url}apps.connections.open", headers=headers) as answer:
                return str((await answer.json())["url"])

        used, old = await new_ticket(), await new_ticket()
        async with http.ws_connect(used):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await http.ws_connect(used)
        clock.advance(31)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await http.ws_connect(old)
