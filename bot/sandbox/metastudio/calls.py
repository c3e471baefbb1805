"""The record of the calls that came in, for tests and for the page."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from bot.sandbox.metastudio.iam import LOGIN_PATH

Auth = Literal["signature", "token", "password", "none"]

_KEPT_CALLS = 1000
_LONGEST_PATH = 512


@dataclass(frozen=True, slots=True)
class Call:
    """One call. It says which kind of proof the caller showed, never the proof itself."""

    method: str
    path: str
    """Without the query, and cut off where it is absurdly long."""
    status: int | None
    """Nothing where the connection was cut without an answer."""
    error_code: str | None
    request_id: str
    auth: Auth
    milliseconds: float


Calls = deque[Call]
"""The latest calls, the oldest first."""


def no_calls_yet() -> Calls:
    """A record that forgets its oldest call for a new one once it is full."""
    return deque(maxlen=_KEPT_CALLS)


def shown_path(request: web.Request) -> str:
    """The path as the record keeps it."""
    return request.path[:_LONGEST_PATH]


def shown_auth(request: web.Request) -> Auth:
    """Which kind of proof a request shows, right or wrong."""
    if request.path == LOGIN_PATH:
        return "password"
    if "Authorization" in request.headers:
        return "signature"
    return "token" if "X-Auth-Token" in request.headers else "none"
