"""Writing down what must not get lost: until the log takes it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import TypeVar

import structlog

from bot.errors import DatabaseUnavailable

WRITE_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between tries; the last one is repeated."""

_log = structlog.get_logger()

T = TypeVar("T")


async def write_with_retry(
    write: Callable[[], Awaitable[T]], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> T:
    """What `write` returns, once it is not DatabaseUnavailable any more."""
    for pause in chain(WRITE_PAUSES, repeat(WRITE_PAUSES[-1])):
        try:
            return await write()
        except DatabaseUnavailable as error:
            _log.error("the log does not take it yet", why=str(error))
        await sleep(pause)
    raise AssertionError
