"""The composition root: it survives odd environments and leaves nothing open."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.app import running_bot
from bot.domain.invocation import Status
from bot.errors import SettingsError, StartupError
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn
from bot.settings import Settings
from tests.stage import ROOM, free_port, staged, until


def test_the_bot_loads_neither_postgresqls_half_of_sqlalchemy_nor_alembic_before_it_needs_them() -> None:
    named = "import sys, bot.app; print(*(name for name in sys.modules if name.startswith(%r)))"
    large = ("sqlalchemy.dialects.postgresql", "alembic", "asyncpg")
    ran = subprocess.run([sys.executable, "-c", named % (large,)], capture_output=True, check=True, text=True)
    assert ran.stdout.split() == []


async def test_oauth_settings_in_the_environment_do_not_take_the_token_away(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "made-up")
    async with staged(slack, metastudio, settings_for()) as stage:
        await stage.types(ROOM)

        assert [row.status for row in await stage.log()] == [Status.STARTED]


async def test_a_proxy_in_the_environment_is_not_asked_for_addresses_that_no_proxy_names(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with staged(slack, metastudio, settings_for()) as stage:
        await stage.types(ROOM)

        assert [row.status for row in await stage.log()] == [Status.STARTED]


async def test_slack_is_asked_who_the_bot_is_once_and_not_at_each_command(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> None:
    async with staged(slack, metastudio, settings_for()) as stage:
        await stage.types("help")
        await stage.types("help")

    asked = [exchange.name for exchange in slack.traffic if exchange.kind == "web_api"]
    assert asked.count("auth.test") == 1


async def test_a_policy_that_cannot_be_read_keeps_the_bot_from_starting(
    settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="AVATAR_POLICY_FILE"):
        async with running_bot(settings_for(AVATAR_POLICY_FILE=tmp_path / "missing.toml")):
            pass


async def test_a_failed_start_leaves_nothing_running(settings_for: Callable[..., Settings]) -> None:
    before = asyncio.all_tasks()
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN"):
        async with running_bot(settings_for(SLACK_BOT_TOKEN=SecretStr("xoxb-wrong"))):
            pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), running_bot(settings_for(SLACK_API_URL="http://127.0.0.1:9/api")):
            pass

    assert asyncio.all_tasks() == before


async def test_it_is_ready_while_the_socket_is_open_and_not_before_it_is_back(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for(AVATAR_HTTP_PORT=free_port())
    async with staged(slack, metastudio, settings) as stage, aiohttp.ClientSession() as http:

        async def status_of(path: str) -> int:
            async with http.get(f"{stage.bot.web_url}{path}") as answer:
                return answer.status

        assert await status_of("/readyz") == 200
        slack.trouble.server_errors("socket", times=1)
        slack.abort_sockets()
        async with asyncio.timeout(10):
            while await status_of("/readyz") == 200:
                pass
        assert await status_of("/healthz") == 200
        await until(lambda: slack.open_sockets == 1)
        assert await status_of("/readyz") == 200


async def test_a_second_bot_with_the_same_sqlite_log_does_not_start_and_touches_nothing(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for()
    async with staged(slack, metastudio, settings) as stage:
        await stage.types(ROOM)
        before = await stage.log()
        with pytest.raises(StartupError, match="Another bot is at work with the database"):
            async with running_bot(settings):
                raise AssertionError
        assert await stage.log() == before
