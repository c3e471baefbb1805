"""Background tasks: the app holds them, so they are not garbage-collected and none is left over at exit."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from bot.errors import DatabaseUnavailable

CANCEL_SECONDS = 5.0

_log = structlog.get_logger()


class Tasks:
    """The running tasks. A task that fails is logged and does not affect the others."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start `work` as a task."""
        self.own(asyncio.create_task(work))

    def own(self, task: asyncio.Task[Any]) -> None:
        """Keep a task that somebody else also waits for."""
        self._running.add(task)
        task.add_done_callback(self._finished)

    async def idle(self) -> None:
        """Wait until no task runs, including tasks that other tasks have started."""
        while self._running:
            await asyncio.wait(self._running)

    async def drain(self, seconds: float) -> None:
        """Wait this long for the work to finish, then cancel it; each task may still record its outcome."""
        try:
            async with asyncio.timeout(seconds):
                await self.idle()
        except TimeoutError:
            _log.warning("work is cut short", tasks=len(self._running))
            await self.cancel()

    async def cancel(self) -> None:
        """Cancel the work now; each task has a few seconds to record its outcome."""
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
    """Repeat `work` until cancelled. A failure does not end the loop."""
    while True:
        try:
            await work()
        except DatabaseUnavailable as error:
            _log.warning("the database cannot be used at the moment", reason=str(error))
        except Exception:  # noqa: BLE001 - the next round may succeed, whatever failed
            _log.exception("a background loop failed")
        await sleep(every)
