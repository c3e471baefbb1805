"""What has to be done from time to time: response_urls are cleared when they no longer work."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.errors import LogUnavailable
from bot.store.invocations import Invocations

RESPONSE_URL_LIFE = timedelta(minutes=30)
EVERY_SECONDS = 60.0

_log = structlog.get_logger()


async def keep_house(
    invocations: Invocations,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Clear expired response_urls every minute, until cancelled."""
    while True:
        try:
            await invocations.forget_response_urls(before=now() - RESPONSE_URL_LIFE)
        except LogUnavailable as error:
            _log.warning("expired response_urls are not cleared yet", reason=str(error))
        await sleep(EVERY_SECONDS)
