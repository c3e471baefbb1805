"""Report whether the bot can receive commands and commit them to the database, and if not, why."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bot.errors import AvatarError, ReasonedError
from bot.messages.reasons import sentence

CHECK_SECONDS = 2.0
"""Seconds that a check may take until its caller is told that it does not answer."""

KEPT_SECONDS = 1.0
"""Seconds for which a result is reused for later callers."""

Check = Callable[[], Awaitable[str | None]]
"""Returns None if all is well, else the reason."""


class Readiness:
    """The checks by name. A name without a check says what it waits for."""

    def __init__(self, *names: str, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._checks: dict[str, Check] = {}
        self._waits_for = dict.fromkeys(names, "the bot is still starting")

    def waits(self, name: str, reason: str) -> None:
        """Set the reason why this name has no check yet."""
        self._waits_for[name] = reason

    def watch(self, name: str, check: Check) -> None:
        """Set the check for this name."""
        self._checks[name] = check

    async def look(self) -> tuple[bool, dict[str, dict[str, Any]]]:
        """Run all checks; return whether all is well, and each check's `ok`, with a `reason` if it is not."""
        reasons = dict(
            zip(self._waits_for, await asyncio.gather(*map(self._reason, self._waits_for)), strict=True)
        )
        told = {
            name: {"ok": True} if reason is None else {"ok": False, "reason": reason}
            for name, reason in reasons.items()
        }
        return not any(reasons.values()), told

    async def _reason(self, name: str) -> str | None:
        check = self._checks.get(name)
        return await check() if check else self._waits_for[name]


class CostlyCheck:
    """A check that runs at most once at a time and once a second, however many callers ask.

    Callers get an answer in time even if the check hangs. The check goes on, and no second one is started.
    """

    def __init__(
        self, work: Callable[[], Awaitable[object]], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._work = work
        self._now = now
        self._running: asyncio.Task[str | None] | None = None
        self._began = self._ended = float("-inf")
        self._reason: str | None = None

    async def __call__(self) -> str | None:
        """Return None if the work succeeds, else why it does not."""
        if self._running is None:
            if self._now() - self._ended < KEPT_SECONDS:
                return self._reason
            self._began = self._now()
            self._running = asyncio.create_task(self._look())
            self._running.add_done_callback(self._finished)
        left = self._began + CHECK_SECONDS - self._now()
        done, _ = await asyncio.wait({self._running}, timeout=max(0.0, left))
        return self._reason if done else f"no answer within {CHECK_SECONDS:g} seconds"

    async def close(self) -> None:
        """Cancel a running check."""
        if self._running:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _look(self) -> str | None:
        try:
            await self._work()
        except ReasonedError as error:
            return sentence(error.reason)
        except AvatarError as error:
            return str(error)
        return None

    def _finished(self, task: "asyncio.Task[str | None]") -> None:
        self._running, self._ended = None, self._now()
        if not task.cancelled():
            error = task.exception()
            self._reason = (
                task.result() if error is None else f"an error inside the bot ({type(error).__name__})"
            )
