"""What has to be done from time to time: response_urls are cleared when they no longer work."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.store.invocations import Invocations
from bot.tasks import keep_doing

RESPONSE_URL_LIFE = timedelta(minutes=30)
EVERY_SECONDS = 60.0


async def keep_house(
    invocations: Invocations,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Clear expired response_urls every minute, until cancelled."""

    async def clear() -> None:
        await invocations.forget_response_urls(before=now() - RESPONSE_URL_LIFE)

    await keep_doing(clear, every=EVERY_SECONDS, sleep=sleep)
