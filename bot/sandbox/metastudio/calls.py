"""Record the received calls, for tests and for the page."""

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
    """One call, with the kind of credential the caller used, never the credential itself."""

    method: str
    path: str
    """The path without the query; a very long one is cut."""
    status: int | None
    """None if the connection was cut without an answer."""
    error_code: str | None
    request_id: str
    auth: Auth
    milliseconds: float


Calls = deque[Call]
"""The latest calls, oldest first."""


def no_calls_yet() -> Calls:
    """Return an empty record; once full, it drops its oldest call for each new one."""
    return deque(maxlen=_KEPT_CALLS)


def shown_path(request: web.Request) -> str:
    """Return the path as the record keeps it."""
    return request.path[:_LONGEST_PATH]


def shown_auth(request: web.Request) -> Auth:
    """Return the kind of credential in a request, valid or not."""
    if request.path == LOGIN_PATH:
        return "password"
    if "Authorization" in request.headers:
        return "signature"
    return "token" if "X-Auth-Token" in request.headers else "none"
