"""Repeat a write that must not be lost until the database takes it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

import structlog

from bot.errors import DatabaseUnavailable
from bot.runtime.backoff import Backoff

BACKOFF = Backoff(first=0.5, longest=15.0)

_log = structlog.get_logger()

T = TypeVar("T")


async def write_with_retry(
    write: Callable[[], Awaitable[T]], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> T:
    """Return the result of `write`, repeated as long as it raises DatabaseUnavailable."""
    for failures in count(1):
        try:
            return await write()
        except DatabaseUnavailable as error:
            _log.error("the database does not take it yet", why=str(error))
        await sleep(BACKOFF.pause(failures))
    raise AssertionError
