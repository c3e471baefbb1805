"""Slack's stand-in with the page, MetaStudio's beside it, and a log that a test can write."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.page import Page
from bot.sandbox.slack import SlackStandIn, Tokens


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Return the bot's log."""
    return []


@pytest.fixture
async def metastudio() -> AsyncIterator[MetaStudioStandIn]:
    async with MetaStudioStandIn(Credentials(ready_made_token="a-ready-made-token")) as stand_in:
        yield stand_in


@pytest.fixture
async def slack(metastudio: MetaStudioStandIn, rows: list[dict[str, Any]]) -> AsyncIterator[SlackStandIn]:
    async def log_rows() -> list[dict[str, Any]]:
        return list(rows)

    stand_in = SlackStandIn(Tokens.made_up())
    Page(stand_in, metastudio=metastudio, log_rows=log_rows, look_seconds=0.02).add_to(stand_in.application)
    async with stand_in:
        yield stand_in


@pytest.fixture
async def browser(slack: SlackStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=slack.url) as session:
        yield session
