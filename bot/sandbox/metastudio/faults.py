"""One kind of trouble under way: what is wrong, with which operations, for how long."""

from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.metastudio.operations import ON_STARTED_JOBS, Operation
from bot.sandbox.metastudio.refusals import API_NOT_FOUND, NO_SUCH_API, Refusal


class FaultKind(StrEnum):
    """What can be wrong with MetaStudio as a whole."""

    DOWN = "down"
    THROTTLE = "throttle"
    UNSUPPORTED = "unsupported"
    HANG = "hang"
    GARBAGE = "garbage"
    ERRORS = "errors"


COMES_AFTER = (FaultKind.DOWN, FaultKind.HANG, FaultKind.GARBAGE, FaultKind.ERRORS)
"""The kinds that can strike once a call has been carried out, and leave its caller in the dark."""

UNSUPPORTED_ANSWERS: dict[str, Refusal] = {refusal.code: refusal for refusal in (NO_SUCH_API, API_NOT_FOUND)}
"""Code → what an operation that is not supported answers."""

GARBAGE = "<html><body>Welcome to the hotel's network. Please log in.</body></html>"
"""What a proxy on the way might answer."""


@dataclass(slots=True)
class Fault:
    """One trouble.

    `until` is in Unix seconds, `left` the number of calls that it still strikes, None for any number.
    `after` tells whether a call is carried out before it is struck.
    """

    kind: FaultKind
    operation: Operation | None
    until: float
    left: int | None = None
    after: bool = False
    code: str = NO_SUCH_API.code
    """What an unsupported operation answers."""
    body: str = GARBAGE
    """What a garbled answer holds."""
    ended: bool = False
    """Whether it was ended before its time."""

    def is_over(self, now: float) -> bool:
        """Whether calls that hang because of it may go on."""
        return self.ended or now >= self.until

    def strikes(self, operation: Operation | None, now: float) -> bool:
        """Whether it meets a call; one for no operation is IAM's login, or no API at all."""
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
