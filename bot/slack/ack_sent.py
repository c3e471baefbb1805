"""Hold back results until Slack has the ack, and other work while many acks are due.

Slack gets an ack when its listener has ended. Work that the listener began goes on meanwhile; only what it
tells people waits here. In a crowd all of the work waits: Slack gives each ack 3 s, and nothing else.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field

CROWD = 100
"""So many acks may be due while other work goes on; they take a tenth of a second or two."""

LONGEST_SECONDS = 3.0
"""How long work stands back. By then Slack has given up on the acks that were due when it began to."""


class DueAcks:
    """Counts the payloads that wait for their acks."""

    def __init__(self) -> None:
        self._number = 0
        self._are_few = asyncio.Event()
        self._are_few.set()
        self._queue = asyncio.Lock()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Around the handling of one payload."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    async def stand_back(self) -> None:
        """Wait while many acks are due; then go on one after the other, so that new ones come in between."""
        if self._are_few.is_set() and not self._queue.locked():
            return
        end = asyncio.get_running_loop().time() + LONGEST_SECONDS
        async with self._queue:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._are_few.wait()

    def _count(self, change: int) -> None:
        self._number += change
        if self._number <= CROWD:
            self._are_few.set()
        else:
            self._are_few.clear()


@dataclass(frozen=True, slots=True)
class _Ack:
    """The ack of one payload."""

    due: DueAcks
    sent: asyncio.Event = field(default_factory=asyncio.Event)


_ack: ContextVar[_Ack | None] = ContextVar("ack", default=None)


@contextmanager
def ack_pending(due: DueAcks | None = None) -> Iterator[None]:
    """Around the handling of one payload, its answer included; tasks begun inside belong to it."""
    ack = _Ack(due or DueAcks())
    token = _ack.set(ack)
    try:
        with ack.due.one_more():
            yield
    finally:
        ack.sent.set()
        _ack.reset(token)


async def ack_sent(seconds: float = LONGEST_SECONDS) -> None:
    """Wait until the payload that this work belongs to has been answered, if it belongs to one.

    Slack gives up on an ack after 3 s, so an ack that hangs for longer holds back nothing.
    """
    if ack := _ack.get():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ack.sent.wait()


async def acks_first() -> None:
    """Let the acks go first, if this work belongs to a payload and many others wait for theirs."""
    if ack := _ack.get():
        await ack.due.stand_back()
