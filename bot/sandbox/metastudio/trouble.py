"""Trouble that the whole stand-in can be put in, to see how a client bears it."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from bot.sandbox.metastudio.faults import GARBAGE, Fault, FaultKind
from bot.sandbox.metastudio.operations import Operation
from bot.sandbox.metastudio.refusals import NO_SUCH_API

CLOCK = "clock"
UNDATED = "undated"
"""Troubles that meet no single call: what the cloud says of times is wrong, or missing."""

_LOOK_SECONDS = 0.02
"""How often a call that hangs looks whether the trouble is over, by a clock that may be a test's."""


class Trouble:
    """What is wrong with MetaStudio at the moment. Nothing, to begin with.

    Each trouble meets every call unless it is limited to one `operation`, and lasts until `clear` unless
    it is limited to so many `seconds` or `times`. With `after` the call is carried out first and struck
    then, so that its caller cannot know what came of it. The control endpoints keep working throughout,
    or nobody could end the trouble.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults: list[Fault] = []
        self.clock_ahead = 0.0
        """How many seconds the cloud's clock is ahead of everybody's: `Date` and all times of jobs."""
        self.jobs_are_undated = False
        """Whether jobs are told of without any time."""

    def cloud_time(self) -> float:
        """The time by the cloud's clock, in Unix seconds."""
        return self._clock() + self.clock_ahead

    def reset_connections(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        after: bool = False,
    ) -> None:
        """Cut the connection instead of answering; IAM's login too unless one operation is named."""
        self._add(FaultKind.DOWN, operation, seconds, times, after=after)

    def throttle(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
    ) -> None:
        """Refuse calls as too many (429 APIGW.0308)."""
        self._add(FaultKind.THROTTLE, operation, seconds, times)

    def unsupport(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        code: str = NO_SUCH_API.code,
    ) -> None:
        """Know nothing of an operation, or of the three on started jobs: stop, state and jobs.

        The code is APIGW.0101 (404) or MSS.00010003 (400).
        """
        self._add(FaultKind.UNSUPPORTED, operation, seconds, times, code=code)

    def hang(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        after: bool = False,
    ) -> None:
        """Take calls and answer them once the trouble is over.

        Then a call that was not carried out before is, but not for a caller who has hung up.
        """
        self._add(FaultKind.HANG, operation, seconds, times, after=after)

    def garble(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        after: bool = False,
        body: str = GARBAGE,
    ) -> None:
        """Answer 200 with a body that makes no sense, which is declared as JSON."""
        self._add(FaultKind.GARBAGE, operation, seconds, times, after=after, body=body)

    def server_errors(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        after: bool = False,
    ) -> None:
        """Answer 500 MSS.00000004."""
        self._add(FaultKind.ERRORS, operation, seconds, times, after=after)

    def clear(self, kind: str | None = None) -> None:
        """End one kind of trouble, or all; whatever hangs is let go."""
        if kind in (None, CLOCK):
            self.clock_ahead = 0.0
        if kind in (None, UNDATED):
            self.jobs_are_undated = False
        for fault in self._faults:
            fault.ended = fault.ended or kind in (None, fault.kind)
        self._forget_ended()

    def take(self, operation: Operation | None) -> Fault | None:
        """The trouble that meets this call, counted as having happened."""
        self._forget_ended()
        now = self._clock()
        for fault in self._faults:
            if fault.strikes(operation, now):
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    async def until_over(self, fault: Fault) -> None:
        """Return when that trouble ends."""
        while not fault.is_over(self._clock()):  # noqa: ASYNC110 - no event tells that a clock has moved
            await asyncio.sleep(_LOOK_SECONDS)

    def state(self) -> list[dict[str, Any]]:
        """What is wrong at the moment, in which order; `until` is null where it has no end of its own."""
        self._forget_ended()
        of_times: list[dict[str, Any]] = []
        if self.clock_ahead:
            of_times.append({"kind": CLOCK, "ahead": self.clock_ahead})
        if self.jobs_are_undated:
            of_times.append({"kind": UNDATED})
        return of_times + [
            {
                "kind": fault.kind,
                "operation": fault.operation,
                "until": fault.until if math.isfinite(fault.until) else None,
                "left": fault.left,
                "after": fault.after,
            }
            for fault in self._faults
            if fault.left != 0
        ]

    def _add(
        self,
        kind: FaultKind,
        operation: str | None,
        seconds: float,
        times: int | None,
        **more: Any,
    ) -> None:
        wanted = None if operation is None else Operation(operation)
        self._faults.append(Fault(kind, wanted, self._clock() + seconds, times, **more))

    def _forget_ended(self) -> None:
        """One that has struck its last call is kept while that may hang."""
        now = self._clock()
        self._faults = [fault for fault in self._faults if not fault.is_over(now)]
