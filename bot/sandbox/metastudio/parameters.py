"""Read what callers ask for: the body of a start (Table 3 of its document) and the page of a list."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.sandbox.metastudio.refusals import INVALID_BODY, INVALID_PARAMETER, RefusedError

T = TypeVar("T")

REGIONS = ("cn-north-4", "cn-southwest-2")
"""The regions of the computing power; the first is the default (an assumption)."""
ROOM_TYPES = ("RTC", "METALINK")
"""The first is the documented default."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The parameters of one start, with defaults filled in."""

    region: str = REGIONS[0]
    room_type: str = ROOM_TYPES[0]
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: how many items to skip, and how many to return at most (1 to 100)."""

    offset: int
    limit: int

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items of this page."""
        return items[self.offset : self.offset + self.limit]


def read_start_request(body: bytes) -> StartRequest:
    """Read a body: an object, `null` as in the document's example, or nothing. Unknown fields are ignored."""
    fields = _read_object(body)
    client_id = fields.get("client_id")
    if client_id is not None and not isinstance(client_id, str):
        raise RefusedError(INVALID_PARAMETER, "client_id is not a string")
    return StartRequest(
        region=_choice(fields, "region", REGIONS),
        room_type=_choice(fields, "room_type", ROOM_TYPES),
        client_id=client_id,
    )


def read_page(query: Mapping[str, str]) -> Page:
    """Read the parameters; the default is the first ten items."""
    return Page(
        offset=_number(query, "offset", default=0, least=0, most=2**31 - 1),
        limit=_number(query, "limit", default=10, least=1, most=100),
    )


def _read_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(INVALID_BODY, "not JSON") from None
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise RefusedError(INVALID_BODY, "not a JSON object")
    return fields


def _choice(fields: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return a field with a fixed list of values; the first is the default for an absent or null field."""
    value = fields.get(name)
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise RefusedError(INVALID_PARAMETER, f"{name} is not one of {', '.join(allowed)}")
    return str(value)


def _number(query: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        raise RefusedError(INVALID_PARAMETER, f"{name} is not a whole number from {least} to {most}")
    return int(text)
