"""Hold back results until Slack has the ack.

Slack gets an ack when its listener has ended. Work that the listener began goes on meanwhile; only what it
tells people waits here.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_answer: ContextVar[asyncio.Event | None] = ContextVar("answer", default=None)


@contextmanager
def ack_pending() -> Iterator[None]:
    """Around the handling of one payload, its answer included; tasks begun inside belong to it."""
    sent = asyncio.Event()
    token = _answer.set(sent)
    try:
        yield
    finally:
        sent.set()
        _answer.reset(token)


async def ack_sent() -> None:
    """Wait until the payload that this work belongs to has been answered, if it belongs to one."""
    if sent := _answer.get():
        await sent.wait()
