"""The work that goes on beside acks. The app owns it: it is not garbage-collected, nor left over at exit."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from bot.errors import DatabaseUnavailable

CANCEL_SECONDS = 5.0

_log = structlog.get_logger()


class Tasks:
    """Running tasks. One that fails is logged; it takes nothing else with it."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` from now on."""
        self.own(asyncio.create_task(work))

    def own(self, task: asyncio.Task[Any]) -> None:
        """Look after a task that somebody also waits for."""
        self._running.add(task)
        task.add_done_callback(self._finished)

    async def idle(self) -> None:
        """Wait until nothing is left to do, the work that the work has spawned included."""
        while self._running:
            await asyncio.wait(self._running)

    async def drain(self, seconds: float) -> None:
        """Let the work finish for so long, then cancel it, and let each task say what became of it."""
        try:
            async with asyncio.timeout(seconds):
                await self.idle()
        except TimeoutError:
            _log.warning("work is cut short", tasks=len(self._running))
            await self.cancel()

    async def cancel(self) -> None:
        """End the work now; each task has a few seconds to say what became of it."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=CANCEL_SECONDS)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a task failed", exc_info=error)


async def repeat_in_background(
    work: Callable[[], Awaitable[object]], *, every: float, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Do it again and again, until cancelled. What goes wrong once does not end it."""
    while True:
        try:
            await work()
        except DatabaseUnavailable as error:
            _log.warning("the log cannot be used at the moment", reason=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the next time may be better
            _log.exception("what is done all the time failed")
        await sleep(every)
