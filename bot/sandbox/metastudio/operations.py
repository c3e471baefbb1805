"""MetaStudio's smart-chat operations and their paths.

The prefixes are mixed in the cloud too: stop and the read operations are under `digital-human-chat`. The
start is not, but the vendor's SDK knows a second start path that is.
"""

from enum import StrEnum

from aiohttp import web

ROOMS = "/v1/{project_id}/smart-chat-rooms"
ROOM = f"{ROOMS}/{{room_id}}"
STARTS = f"{ROOM}/smart-chat-jobs"
CHATS = "/v1/{project_id}/digital-human-chat/smart-chat-rooms/{room_id}/smart-chat-jobs"
STOP = f"{CHATS}/{{job_id}}/stop"
STATE = f"{CHATS}/{{job_id}}/state"


class Operation(StrEnum):
    """The operations that callers can use."""

    START = "start"
    STOP = "stop"
    STATE = "state"
    JOBS = "jobs"
    ROOMS = "rooms"
    ROOM = "room"


ON_STARTED_JOBS = frozenset({Operation.STOP, Operation.STATE, Operation.JOBS})
"""The operations that the start's own document does not mention."""

_BY_ROUTE = {
    ("POST", STARTS): Operation.START,
    ("POST", CHATS): Operation.START,
    ("POST", STOP): Operation.STOP,
    ("GET", STATE): Operation.STATE,
    ("GET", CHATS): Operation.JOBS,
    ("GET", ROOMS): Operation.ROOMS,
    ("GET", ROOM): Operation.ROOM,
}


def operation_of(request: web.Request) -> Operation | None:
    """Return the operation that a request asks for; None for IAM's login and for unknown paths."""
    route = request.match_info.route
    return None if route.resource is None else _BY_ROUTE.get((route.method, route.resource.canonical))
