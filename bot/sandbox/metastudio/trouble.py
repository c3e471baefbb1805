"""Faults of the whole stand-in, to test how a client copes with them."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from bot.sandbox.metastudio.faults import GARBAGE, Fault, FaultKind
from bot.sandbox.metastudio.operations import Operation
from bot.sandbox.metastudio.refusals import NO_SUCH_API

CLOCK = "clock"
UNDATED = "undated"
"""The troubles that concern times, not single calls: the cloud's clock is wrong, or times are missing."""

_LOOK_SECONDS = 0.02
"""Seconds between two checks of a hanging call whether the trouble is over; the clock may be a test's."""


class Trouble:
    """The present faults of MetaStudio; none at first.

    A fault affects every call unless it is limited to one `operation`. It lasts until `clear` unless it is
    limited to a number of `seconds` or `times`. With `after` the call is carried out first and then fails, so
    that its caller cannot know the outcome. The control endpoints always work, or nobody could end the
    trouble.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults: list[Fault] = []
        self.clock_ahead = 0.0
        """How many seconds the cloud's clock is ahead, in `Date` and in all times of jobs."""
        self.jobs_are_undated = False
        """Whether jobs are returned without any time."""

    def cloud_time(self) -> float:
        """Return the time of the cloud's clock, in Unix seconds."""
        return self._clock() + self.clock_ahead

    def reset_connections(
        self,
        operation: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        after: bool = False,
    ) -> None:
        """Cut the connection instead of answering, also for IAM's login unless an operation is given."""
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
        """Answer that an operation does not exist, or the three on started jobs: stop, state and jobs.

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
        """Accept calls and answer them only when the trouble is over.

        A call that was not carried out before is carried out then, unless its caller has hung up.
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
        """Answer 200 with a meaningless body that is declared as JSON."""
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
        """End one kind of trouble, or all; hanging calls continue."""
        if kind in (None, CLOCK):
            self.clock_ahead = 0.0
        if kind in (None, UNDATED):
            self.jobs_are_undated = False
        for fault in self._faults:
            fault.ended = fault.ended or kind in (None, fault.kind)
        self._forget_ended()

    def take(self, operation: Operation | None) -> Fault | None:
        """Return the fault that affects this call, and count it."""
        self._forget_ended()
        now = self._clock()
        for fault in self._faults:
            if fault.strikes(operation, now):
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    async def until_over(self, fault: Fault) -> None:
        """Wait until this fault ends."""
        while not fault.is_over(self._clock()):  # noqa: ASYNC110 - no event tells that a clock has moved
            await asyncio.sleep(_LOOK_SECONDS)

    def state(self) -> list[dict[str, Any]]:
        """Return the present faults; `until` is null if one has no end of its own."""
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
        """Forget faults whose time is over; one with no calls left is kept, because a call may still hang."""
        now = self._clock()
        self._faults = [fault for fault in self._faults if not fault.is_over(now)]
