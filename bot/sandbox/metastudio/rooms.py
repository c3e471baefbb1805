"""The rooms (interactive dialogs) of the made-up project.

Every room ID exists, so any ID that a newcomer types works. A few rooms have names and are listed, and a few
misbehave on purpose.
"""

import hashlib
from dataclasses import dataclass

from bot.sandbox.metastudio.plans import A_FEW_SECONDS, ORDINARY_MINUTES, WAITING_SECONDS
from bot.sandbox.metastudio.refusals import ROOM_NOT_FOUND, RefusedError

_WAITS = f"waits {WAITING_SECONDS:g} s, runs for"

ORDINARY_LIFE = f"a job {_WAITS} {ORDINARY_MINUTES:g} minutes, then ends because nobody speaks"
"""The life of a job in an ordinary room, as text for people."""

MISBEHAVING_ROOMS: dict[str, str] = {
    "busy": "its concurrency is used up: no start succeeds (MSS.20010135)",
    "full": "a job that nobody started in Slack holds it: the next start is refused (MSS.20010135)",
    "missing": "does not exist (MSS.20010045)",
    "slow": "starts the job, but takes seconds to answer",
    "broken": "answers every start with an internal error (MSS.00000004)",
    "throttled": "refuses two starts as too many (APIGW.0308), accepts the third, and so on",
    "lost": "starts the job, then drops the connection without an answer",
    "bare": "answers a start with only the job ID, like the example in the document",
    "bare-state": "as bare; its jobs do not show voices and picture either, only the room does",
    "bare-all": "shows voices and picture nowhere, and has no name",
    "unjoined": f"nobody joins: a job waits {A_FEW_SECONDS:g} s, then ends itself with MSS.45000023",
    "brief": f"a job {_WAITS} {A_FEW_SECONDS:g} s, then ends normally",
    "quiet": f"nobody speaks: a job {_WAITS} {A_FEW_SECONDS:g} s, then ends (MUTE_TIMEOUT)",
    "crash": f"a job {_WAITS} {A_FEW_SECONDS:g} s, then fails with MSS.00000004",
}
"""Room ID → what is wrong with it, as text for people."""

FULL = "full"
"""The room that enforces its concurrency, which is one."""

BARE_STARTS = frozenset({"bare", "bare-state", "bare-all"})
"""Rooms that answer a start with nothing but the job ID."""

BARE_JOBS = frozenset({"bare-state", "bare-all"})
"""Rooms whose jobs' state and list do not include voices and picture."""

BARE_ROOMS = frozenset({"bare-all"})
"""Rooms that return nothing about themselves but their ID."""

_LANGUAGES = ("CN", "EN", "ESP")


@dataclass(frozen=True, slots=True)
class Room:
    """A room as the room operations return it.

    The concurrency is shown, and enforced in the room `full` alone. `busy` plays a room that has none left.
    """

    room_id: str
    room_name: str
    concurrency: int
    default_language: str
    robot_id: str
    exit_mute_threshold: int
    """Seconds of silence after which a job ends by itself."""


NAMED_ROOMS: tuple[Room, ...] = (
    Room("24bad716-87b1-45e5-8912-6102f7693265", "Lobby kiosk", 2, "EN", "f3a1c9e07b5d4f62", 120),
    Room("5e0c1f7a-3d42-4b8e-9a61-c27f08d4e915", "Reception", 1, "CN", "0b7e52d8a4c64913", 60),
    Room("9b83d4e6-70a5-4c1f-b2de-15f6a8c03d77", "Product guide", 5, "EN", "7c4d90e1f2b34a85", 300),
    Room("c7f2a950-e81b-4d36-8f04-6a9d3b52e1c8", "Careers desk", 1, "ESP", "e6082b9f51d7463c", 120),
    Room("1d6e8b3c-f497-4250-a3c9-82b7e50f4d6a", "Showroom wall", 3, "CN", "58a3f7c26e9d4b10", 180),
)
"""The listed rooms, in the order of the list."""


def find_room(room_id: str) -> Room:
    """Return the room with this ID: a named one, or a new one made for this ID. A room's name is no ID."""
    if room_id == "missing" or any(room_id.casefold() == room.room_name.casefold() for room in NAMED_ROOMS):
        raise RefusedError(ROOM_NOT_FOUND)
    named = next((room for room in NAMED_ROOMS if room.room_id == room_id), None)
    return named or _imagined_room(room_id)


def search_rooms(name: str) -> list[Room]:
    """Return the listed rooms whose name contains the text, in any case; an empty text matches all."""
    return [room for room in NAMED_ROOMS if name.casefold() in room.room_name.casefold()]


def room_seed(room_id: str) -> bytes:
    """Return 32 bytes derived from the room ID, which make rooms differ without randomness."""
    return hashlib.sha256(room_id.encode("utf-8", "surrogateescape")).digest()


def _imagined_room(room_id: str) -> Room:
    seed = room_seed(room_id)
    return Room(
        room_id=room_id,
        room_name=room_id,
        concurrency=1 if room_id == FULL else 1 + seed[0] % 5,
        default_language=_LANGUAGES[seed[1] % len(_LANGUAGES)],
        robot_id=seed[2:10].hex(),
        exit_mute_threshold=60 * (1 + seed[10] % 5),
    )
