"""The rows that this process works on. If the work is interrupted, the row is released to any process."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.errors import DatabaseUnavailable
from bot.runtime.background import Tasks
from bot.store.invocations import Invocations

AFTER_A_BUG = timedelta(seconds=20)
"""How long after a bug in its handler a row is tried again."""

_log = structlog.get_logger()


class Claims:
    """Runs the work on rows as tasks that the app owns."""

    def __init__(self, invocations: Invocations, tasks: Tasks, *, now: Callable[[], datetime]) -> None:
        self._invocations = invocations
        self._tasks = tasks
        self._now = now
        self._in_hand: set[str] = set()

    def __contains__(self, invocation_id: str) -> bool:
        return invocation_id in self._in_hand

    def __len__(self) -> int:
        return len(self._in_hand)

    def take(self, invocation_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin the work on a row; nobody waits for it."""
        self._in_hand.add(invocation_id)
        self._tasks.spawn(self._keep(invocation_id, work))

    async def _keep(self, invocation_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            with structlog.contextvars.bound_contextvars(invocation_id=invocation_id):
                await work
        except asyncio.CancelledError:
            await self._release(invocation_id, self._now())
            raise
        except DatabaseUnavailable as error:
            _log.error("the work on an invocation waits for the database", reason=str(error))
            await self._release(invocation_id, self._now())
        except Exception:  # noqa: BLE001 - whatever it is, nobody must wait in vain
            _log.exception("the work on an invocation failed", invocation_id=invocation_id)
            await self._release(invocation_id, self._now() + AFTER_A_BUG)
        finally:
            self._in_hand.discard(invocation_id)

    async def _release(self, invocation_id: str, at: datetime) -> None:
        try:
            await self._invocations.release(invocation_id, at)
        except DatabaseUnavailable as error:
            _log.error("not released, so the row waits until its lease has run out", reason=str(error))
