"""Find a room by its name, or by the beginning of its name. Pure.

The comparison ignores case, the kinds of blanks and dashes, and marks around a name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.domain.arguments import ROOM_ID, UUID_LIKE, did_you_mean
from bot.domain.quick_start import QuickStart
from bot.domain.typed_text import normalised, without_marks
from bot.errors import InvalidArguments
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

LONGEST_NAME = 200
COMPARED = 32
"""Characters of a mistyped word and of names that are compared: 2,000 names take long enough."""

MOST_NAMED = 5
"""Maximum number of rooms that an error names if a name fits several."""


@dataclass(frozen=True, slots=True)
class NamedRoom:
    """A room of MetaStudio's list."""

    room_id: str
    name: str


class By(StrEnum):
    """What a word was understood as."""

    QUICK_START_HERE = "quick start of this channel"
    QUICK_START_EVERYWHERE = "quick start of all channels"
    ID = "room ID"
    NAME = "room name"
    BEGINNING = "beginning of a room name"


@dataclass(frozen=True, slots=True)
class Match:
    """The room that a word means, and what the word was understood as."""

    room: NamedRoom
    by: By


def is_room_id(word: str) -> bool:
    """Return True if a word is an ID of the kind that MetaStudio makes."""
    return bool(UUID_LIKE.fullmatch(word) and ROOM_ID.fullmatch(word))


def may_be_id(word: str) -> bool:
    """Return True if a room can have this ID."""
    return bool(ROOM_ID.fullmatch(word))


def may_be_name(word: str) -> bool:
    """Return True if a room can have this name. A path or an unprintable text is not a name."""
    is_legible = len(word) <= LONGEST_NAME and word.isprintable() and any(map(str.isalnum, word))
    return is_legible and not {"/", "\\"} & set(word)


def find_room(word: str, rooms: Sequence[NamedRoom]) -> Match | tuple[NamedRoom, ...]:
    """Return the room that a word means, or several rooms that it may mean, or none."""
    by_id = [room for room in rooms if room.room_id == word]
    if by_id:
        return Match(by_id[0], By.ID)
    wanted = comparable(word)
    named = [(room, comparable(room.name)) for room in rooms] if wanted else []
    for by, found in (
        (By.NAME, [room for room, key in named if key == wanted]),
        (By.BEGINNING, [room for room, key in named if key.startswith(wanted)]),
    ):
        if found:
            return Match(found[0], by) if len(found) == 1 else tuple(found)
    return ()


def not_found(
    word: str, rooms: Sequence[NamedRoom], quick_starts: Sequence[QuickStart] = ()
) -> InvalidArguments:
    """Return the error for a word that means no room."""
    return InvalidArguments(
        reason(Code.ROOM_NAME_UNKNOWN, word=word, close=closest(word, rooms, quick_starts))
    )


def of_several(word: str, rooms: Sequence[NamedRoom]) -> InvalidArguments:
    """Return the error for a word that may mean several rooms."""
    named = "\n".join(f"{room.name}\t{room.room_id}" for room in rooms[:MOST_NAMED])
    return InvalidArguments(reason(Code.ROOM_NAME_OF_SEVERAL, word=word, rooms=named, count=len(rooms)))


def closest(word: str, rooms: Sequence[NamedRoom], quick_starts: Sequence[QuickStart] = ()) -> str | None:
    """Return the quick start or room that is closest to a mistyped word, in the form to type.

    A mistyped ID has nearly all its characters right: IDs have too much in common by chance.
    """
    ids = {*(room.room_id for room in rooms), *(quick_start.room_id for quick_start in quick_starts)} - {word}
    if close_id := did_you_mean(word, sorted(ids), cutoff=0.9):
        return close_id
    known = {quick_start.name: quick_start.name for quick_start in quick_starts}
    for room in rooms:
        known.setdefault(comparable(room.name)[:COMPARED], as_typed(room.name))
    close = did_you_mean(comparable(word)[:COMPARED], known)
    return known[close] if close else None


def as_typed(name: str) -> str:
    """Return a room's name in the form to type: in quotes if it has blanks."""
    return f'"{name}"' if " " in name else name


@lru_cache(maxsize=4096)
def comparable(text: str) -> str:
    """Return a name in the form in which names are compared."""
    return without_marks(" ".join(normalised(text).split())).casefold()
