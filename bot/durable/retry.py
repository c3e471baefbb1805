"""Writing down what must not get lost: until the log takes it."""

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
    """What `write` returns, once it is not DatabaseUnavailable any more."""
    for failures in count(1):
        try:
            return await write()
        except DatabaseUnavailable as error:
            _log.error("the log does not take it yet", why=str(error))
        await sleep(BACKOFF.pause(failures))
    raise AssertionError
