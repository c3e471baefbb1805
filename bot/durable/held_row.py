"""Keep a row claimed while this process works on it for longer than one lease."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from bot.domain.steps import AnyInvocation
from bot.errors import DatabaseUnavailable

RENEW_SECONDS = 15.0
"""How often the lease of a row is renewed: work may wait for the rate limiter or for the end of a job."""

_log = structlog.get_logger()

T = TypeVar("T")


async def holding(
    row: AnyInvocation,
    work: Coroutine[Any, Any, T],
    *,
    claim: Callable[[AnyInvocation], Awaitable[AnyInvocation | None]],
    every: float = RENEW_SECONDS,
) -> tuple[AnyInvocation, T] | None:
    """Work on a row, and return it as it was claimed last, with the result of the work.

    Return None if another process has claimed the row; the work is cancelled then.

    Args:
        claim: extends the claim, or returns None if another process has the row.
        every: the seconds between two claims.
    """
    working = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({working}, timeout=every))[0]:
            claimed = await _claimed(row, claim)
            if claimed is None:
                return None
            row = claimed
        return row, working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _claimed(
    row: AnyInvocation, claim: Callable[[AnyInvocation], Awaitable[AnyInvocation | None]]
) -> AnyInvocation | None:
    try:
        return await claim(row)
    except DatabaseUnavailable as error:
        _log.warning("work that takes long could not keep its row", reason=str(error))
        return row
