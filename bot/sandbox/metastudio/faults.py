"""One active fault: what is wrong, for which operations, for how long."""

from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.metastudio.operations import ON_STARTED_JOBS, Operation
from bot.sandbox.metastudio.refusals import API_NOT_FOUND, NO_SUCH_API, Refusal


class FaultKind(StrEnum):
    """The ways in which the whole of MetaStudio can fail."""

    DOWN = "down"
    THROTTLE = "throttle"
    UNSUPPORTED = "unsupported"
    HANG = "hang"
    GARBAGE = "garbage"
    ERRORS = "errors"


COMES_AFTER = (FaultKind.DOWN, FaultKind.HANG, FaultKind.GARBAGE, FaultKind.ERRORS)
"""The kinds that can also follow a call that was carried out: its caller does not know the outcome."""

UNSUPPORTED_ANSWERS: dict[str, Refusal] = {refusal.code: refusal for refusal in (NO_SUCH_API, API_NOT_FOUND)}
"""Code → the answer of an unsupported operation."""

GARBAGE = "<html><body>Welcome to the hotel's network. Please log in.</body></html>"
"""A page that a proxy might send instead of an answer."""


@dataclass(slots=True)
class Fault:
    """One fault.

    `until` is in Unix seconds. `left` is the number of calls that it still affects, None for any number.
    `after` tells whether a call is carried out before it fails.
    """

    kind: FaultKind
    operation: Operation | None
    until: float
    left: int | None = None
    after: bool = False
    code: str = NO_SUCH_API.code
    """The error code of an unsupported operation."""
    body: str = GARBAGE
    """The body of a garbled answer."""
    ended: bool = False
    """Whether it was ended early."""

    def is_over(self, now: float) -> bool:
        """Return whether calls that hang because of it may go on."""
        return self.ended or now >= self.until

    def strikes(self, operation: Operation | None, now: float) -> bool:
        """Return whether it affects a call; `operation` is None for IAM's login and for unknown paths."""
        return not self.is_over(now) and self.left != 0 and self._concerns(operation)

    def _concerns(self, operation: Operation | None) -> bool:
        if self.operation is not None:
            return operation is self.operation
        match self.kind:
            case FaultKind.DOWN:
                return True
            case FaultKind.UNSUPPORTED:
                return operation in ON_STARTED_JOBS
            case _:
                return operation is not None
