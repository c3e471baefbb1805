"""Whether Slack has its answer: nobody reads how a start ended before they read that it began.

An ack is sent when its listener has ended. Work that the listener began in the meantime goes on at once; only
what it tells people waits here.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_answer: ContextVar[asyncio.Event | None] = ContextVar("answer", default=None)


@contextmanager
def answering() -> Iterator[None]:
    """Around the handling of one payload, its answer included; tasks begun inside belong to it."""
    sent = asyncio.Event()
    token = _answer.set(sent)
    try:
        yield
    finally:
        sent.set()
        _answer.reset(token)


async def answered() -> None:
    """Wait until the payload that this work belongs to has been answered, if it belongs to one."""
    if sent := _answer.get():
        await sent.wait()
