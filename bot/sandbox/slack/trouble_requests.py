"""Make trouble from a JSON request."""

import math
from typing import Any

from bot.sandbox.json_requests import (
    optional_count,
    optional_flag,
    optional_number,
    optional_object,
    optional_string,
    required_string,
)
from bot.sandbox.slack.trouble import Answered, Trouble

_WITHOUT_BOUNDS = ("abort", "away", "clear", "disconnect")
_WITH_BOUNDS = ("ratelimited", "server_error", "hang", "lost", "cut", "refused", "answered", "turned_away")


async def order(trouble: Trouble, body: dict[str, Any]) -> None:
    """Make the trouble. `seconds` and `times` limit it; without them it lasts until {"kind": "clear"}.

    `method` is one of the Web API, "response_url" or "socket". For "ratelimited", `seconds` is also the value
    of Retry-After, unless `retry_after` gives another: a number, a text, or "" for none. "refused" takes an
    `error` and whether only calls with blocks are refused (`blocks_only`). "answered" takes a `status`, a
    `body`, a `content_type` and `headers`, "turned_away" a `word`. Raises ValueError with a message.
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
            trouble.rate_limit(method, **bounds, retry_after=_retry_after(body, bounds.get("seconds")))
        case "server_error":
            trouble.server_errors(method, **bounds)
        case "hang":
            trouble.hang(method, **bounds)
        case "lost":
            trouble.lose_answers(method, **bounds)
        case "cut":
            trouble.cut_connections(method, **bounds)
        case "refused":
            blocks_only = bool(optional_flag(body, "blocks_only"))
            trouble.refuse(required_string(body, "error"), method, **bounds, blocks_only=blocks_only)
        case "answered":
            trouble.answer_with(_answered(body), method, **bounds)
        case _:
            trouble.turn_away(optional_string(body, "word") or "too_many_websockets", **bounds)


def _retry_after(body: dict[str, Any], seconds: float | None) -> int | str | None:
    if isinstance(body.get("retry_after"), str):
        return optional_string(body, "retry_after") or None
    return max(1, int(optional_number(body, "retry_after") or seconds or 1))


def _answered(body: dict[str, Any]) -> Answered:
    headers = optional_object(body, "headers")
    return Answered(
        status=optional_count(body, "status") or 200,
        body=optional_string(body, "body") or "",
        content_type=optional_string(body, "content_type") or "text/html",
        headers={str(name): str(value) for name, value in headers.items()},
    )
