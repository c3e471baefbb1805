"""Trouble as it is ordered from outside, in JSON."""

import math
from typing import Any

from bot.sandbox.slack.trouble import Trouble
from bot.sandbox.wishes import optional_count, optional_number, optional_string, required_string

_WITHOUT_BOUNDS = ("abort", "away", "clear", "disconnect")
_WITH_BOUNDS = ("ratelimited", "server_error", "hang", "lost", "refused", "turned_away")


async def order(trouble: Trouble, body: dict[str, Any]) -> None:
    """Make the trouble. `seconds` and `times` limit it; without them it lasts until {"kind": "clear"}.

    `method` is one of the Web API, "response_url" or "socket". `word` is Slack's for why it refuses a call or
    turns a socket away. For "ratelimited", `seconds` is also what Retry-After says, unless `retry_after` says
    otherwise. Raises ValueError in words.
    """
    method, seconds = optional_string(body, "method"), optional_number(body, "seconds")
    bounds: dict[str, Any] = {"times": optional_count(body, "times")}
    if seconds is not None:
        bounds["seconds"] = seconds
    match body.get("kind"):
        case "abort":
            trouble.abort()
        case "away":
            trouble.go_away(seconds=math.inf if seconds is None else seconds)
        case "clear":
            trouble.clear()
        case "disconnect":
            await trouble.disconnect()
        case str(kind) if kind in _WITH_BOUNDS:
            _order_with_bounds(trouble, kind, method, body, bounds)
        case other:
            raise ValueError(f"kind is one of {', '.join(_WITH_BOUNDS + _WITHOUT_BOUNDS)}, not {other!r}")


def _order_with_bounds(
    trouble: Trouble, kind: str, method: str | None, body: dict[str, Any], bounds: dict[str, Any]
) -> None:
    match kind:
        case "ratelimited":
            retry_after = int(optional_number(body, "retry_after") or bounds.get("seconds") or 1)
            trouble.rate_limit(method, **bounds, retry_after=max(1, retry_after))
        case "server_error":
            trouble.server_errors(method, **bounds)
        case "hang":
            trouble.hang(method, **bounds)
        case "lost":
            trouble.lose_answers(method, **bounds)
        case "refused":
            trouble.refuse(required_string(body, "word"), method, **bounds)
        case _:
            trouble.turn_away(optional_string(body, "word") or "too_many_websockets", **bounds)
