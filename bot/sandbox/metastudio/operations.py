"""MetaStudio's smart-chat operations and where each is found.

The prefixes are mixed in the cloud too: stopping and looking go under `digital-human-chat`, starting does
not, and a sibling of the start that the vendor's SDK knows does.
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
    """What callers can do."""

    START = "start"
    STOP = "stop"
    STATE = "state"
    JOBS = "jobs"
    ROOMS = "rooms"
    ROOM = "room"


ON_STARTED_JOBS = frozenset({Operation.STOP, Operation.STATE, Operation.JOBS})
"""The operations that the start's own document does not know of."""

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
    """Which operation a request asks for; None for IAM's login and for what is no API at all."""
    route = request.match_info.route
    return None if route.resource is None else _BY_ROUTE.get((route.method, route.resource.canonical))
