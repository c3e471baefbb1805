"""Clear response_urls that no longer work from the database, and their traces from its files."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.runtime.background import repeat_in_background
from bot.store.invocations import Invocations

RESPONSE_URL_LIFE = timedelta(minutes=30)
EVERY_SECONDS = 20.0
"""Seconds between two runs: a cleared response_url leaves no trace after a minute, even if a reader was in
the way."""


async def keep_clearing(
    invocations: Invocations,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Clear expired response_urls, and the traces of those that were used, until cancelled."""

    async def clear() -> None:
        await invocations.forget_response_urls(before=now() - RESPONSE_URL_LIFE)
        await invocations.clear_traces()

    await repeat_in_background(clear, every=EVERY_SECONDS, sleep=sleep)
