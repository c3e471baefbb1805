"""Committing an invocation to the log before it is acknowledged: in time, or not at all."""

import asyncio

from bot.errors import LogUnavailable
from bot.model import Invocation, Status
from bot.store.invocations import Invocations
from bot.tasks import Tasks

COMMIT_SECONDS = 2.3
"""Slack waits 3 s for an ack; a write that takes longer than this is called off."""


class Intake:
    """The way into the log."""

    def __init__(self, invocations: Invocations, tasks: Tasks, *, seconds: float = COMMIT_SECONDS) -> None:
        self._invocations = invocations
        self._tasks = tasks
        self._seconds = seconds

    async def commit(self, invocation: Invocation, *, unless_twin: bool = False) -> bool:
        """Add the row. False where it is not wanted a second time (see `Invocations.record`).

        Raises:
            LogUnavailable: it could not be written in time. Should the write succeed after all, the row is
                moved to `refused`, which is what the person is told.
        """
        writing = asyncio.create_task(self._write(invocation, unless_twin=unless_twin))
        self._tasks.own(writing)
        done, _ = await asyncio.wait({writing}, timeout=self._seconds)
        outcome = writing.result() if done else None
        if outcome is None:
            self._tasks.spawn(self._call_off(writing, invocation))
            outcome = LogUnavailable("The log takes too long to write.", advice="Try again in a moment.")
        if isinstance(outcome, LogUnavailable):
            raise outcome
        return outcome

    async def _write(self, invocation: Invocation, *, unless_twin: bool) -> bool | LogUnavailable:
        try:
            return await self._invocations.record(invocation, unless_twin=unless_twin)
        except LogUnavailable as error:
            return error

    async def _call_off(self, writing: "asyncio.Task[bool | LogUnavailable]", invocation: Invocation) -> None:
        if await writing is True and invocation.status is Status.RECEIVED:
            reason = "The log took too long to write, so nothing was started."
            await self._invocations.advance(invocation, Status.REFUSED, reason=reason, deadline=None)
