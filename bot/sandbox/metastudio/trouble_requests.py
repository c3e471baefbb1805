"""Make trouble from a JSON request."""

import math
from enum import StrEnum
from typing import Any, TypeVar

from bot.sandbox.json_requests import optional_count, optional_flag, optional_number, optional_string
from bot.sandbox.metastudio.faults import COMES_AFTER, GARBAGE, UNSUPPORTED_ANSWERS, FaultKind
from bot.sandbox.metastudio.operations import Operation
from bot.sandbox.metastudio.refusals import NO_SUCH_API
from bot.sandbox.metastudio.trouble import CLOCK, UNDATED, Trouble

LONGEST = 24 * 3600
"""In seconds."""

_CLEAR = "clear"

Choice = TypeVar("Choice", bound=StrEnum)


def make_trouble(wish: dict[str, Any], trouble: Trouble) -> None:
    """Make the trouble that a request asks for.

    `{"kind": "down" | "throttle" | "unsupported" | "hang" | "garbage" | "errors"}`, with these options:
    `operation`, `seconds` (0 ends that kind), `times`, `after` (not for throttle and unsupported), `code`
    (unsupported) and `body` (garbage). `{"kind": "clock", "ahead": -8}` sets the clock, `{"kind": "undated"}`
    leaves the times of jobs out, and `{"kind": "clear"}` ends all. Raises ValueError with a message.
    """
    wanted = wish.get("kind")
    if wanted == _CLEAR:
        trouble.clear()
        return
    if wanted == CLOCK:
        trouble.clock_ahead = _ahead(wish)
        return
    if wanted == UNDATED:
        trouble.jobs_are_undated = True
        return
    kind = _kind(wish)
    seconds = optional_number(wish, "seconds")
    if seconds is not None and not seconds <= LONGEST:
        raise ValueError(f"seconds must be a number from 0 to {LONGEST}")
    if seconds == 0:
        trouble.clear(kind)
        return
    _begin(
        kind,
        trouble,
        wish,
        {"seconds": math.inf if seconds is None else seconds, "times": optional_count(wish, "times")},
    )


def _begin(kind: FaultKind, trouble: Trouble, wish: dict[str, Any], bounds: dict[str, Any]) -> None:
    operation, after = _operation(wish), _after(wish, kind)
    match kind:
        case FaultKind.DOWN:
            trouble.reset_connections(operation, **bounds, after=after)
        case FaultKind.THROTTLE:
            trouble.throttle(operation, **bounds)
        case FaultKind.UNSUPPORTED:
            trouble.unsupport(operation, **bounds, code=_code(wish))
        case FaultKind.HANG:
            trouble.hang(operation, **bounds, after=after)
        case FaultKind.GARBAGE:
            body = optional_string(wish, "body")
            trouble.garble(operation, **bounds, after=after, body=GARBAGE if body is None else body)
        case FaultKind.ERRORS:
            trouble.server_errors(operation, **bounds, after=after)


def _kind(wish: dict[str, Any]) -> FaultKind:
    kind = wish.get("kind")
    if kind not in list(FaultKind):
        raise ValueError(f"kind is {', '.join((*FaultKind, CLOCK, UNDATED))} or {_CLEAR}, not {kind!r}")
    return FaultKind(kind)


def _ahead(wish: dict[str, Any]) -> float:
    ahead = wish.get("ahead")
    if isinstance(ahead, bool) or not isinstance(ahead, int | float) or not abs(ahead) <= LONGEST:
        raise ValueError(f"ahead must be a number from -{LONGEST} to {LONGEST}")
    return float(ahead)


def _operation(wish: dict[str, Any]) -> Operation | None:
    operation = wish.get("operation")
    if operation is None:
        return None
    if operation not in list(Operation):
        raise ValueError(f"operation is one of {', '.join(Operation)}, not {operation!r}")
    return Operation(operation)


def _after(wish: dict[str, Any], kind: FaultKind) -> bool:
    after = optional_flag(wish, "after") or False
    if after and kind not in COMES_AFTER:
        raise ValueError(f"after goes with {', '.join(COMES_AFTER)}, not with {kind}")
    return after


def _code(wish: dict[str, Any]) -> str:
    code = optional_string(wish, "code") or NO_SUCH_API.code
    if code not in UNSUPPORTED_ANSWERS:
        raise ValueError(f"code is one of {', '.join(UNSUPPORTED_ANSWERS)}, not {code!r}")
    return code
