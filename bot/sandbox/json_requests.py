"""Read the JSON requests of the page and of tests; mistakes in them are answered in words."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def in_words(handler: Handler) -> Handler:
    """Wrap a handler so that its ValueErrors become a 400 with their text."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ValueError as wrong:
            return web.json_response({"error": str(wrong)}, status=400)

    return handle


async def read_body(request: web.Request) -> dict[str, Any]:
    """Read the body. It must be declared as JSON, which a foreign page cannot do without a preflight."""
    if request.content_type != "application/json":
        raise ValueError("the body must be JSON, with Content-Type: application/json")
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError) as broken:
        raise ValueError(f"the body is not JSON: {broken}") from broken
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - the caller treats all wrong values alike
    return body


def optional_string(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a string")
    return value


def required_string(body: dict[str, Any], name: str) -> str:
    value = optional_string(body, name)
    if not value:
        raise ValueError(f"{name} is missing")
    return value


def optional_number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number, not below 0")
    return value


def optional_count(body: dict[str, Any], name: str) -> int | None:
    number = optional_number(body, name)
    if number is None:
        return None
    if number < 1 or not float(number).is_integer():
        raise ValueError(f"{name} must be a whole number, not below 1")
    return int(number)


def optional_flag(body: dict[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


def optional_object(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a JSON object, empty if it is missing."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object")  # noqa: TRY004 - the caller treats all wrong values alike
    return value
