"""The words of a start. The first one may be a quick start, a room ID or a room name. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.arguments import ROOM_ID, Regions, assign, first_word, request_from
from bot.domain.invocation import ROOM_BY_NAME, Invocation, RoomInvocation, Source, StartRequest
from bot.domain.quick_start import NAME, QuickStart
from bot.domain.room_names import By, is_room_id, may_be_name
from bot.errors import InvalidArguments

AGAIN = "again"
"""After `/avatar-start`, it means the channel's last start."""

_ANY_ROOM = "room"


@dataclass(frozen=True, slots=True)
class StartWords:
    """Checked words: `word` stands for the room, and `options` are the other arguments by their names."""

    word: str
    options: Mapping[str, str]
    regions: Regions

    def in_room(self, room_id: str) -> StartRequest:
        """Return the request if the word means this room."""
        return request_from({**self.options, "room_id": room_id}, self.regions)

    def of(self, quick_start: QuickStart) -> StartRequest:
        """Return the request if the word means this quick start. Typed options replace its own.

        Raises:
            InvalidArguments: the region of the quick start is not allowed any more.
        """
        return request_from({**quick_start.arguments(), **self.options}, self.regions)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a word was understood as, for an answer that says so."""

    word: str
    by: By


def parse_start_words(words: Sequence[str], regions: Regions) -> StartWords:
    """Parse the words after `/avatar-start`.

    Raises:
        InvalidArguments: a word cannot be used; the error names it and says what is allowed.
    """
    values = assign(words)
    word = values.pop("room_id", "")
    is_name = word and not ROOM_ID.fullmatch(word) and may_be_name(word)
    typed = {"room_id": _ANY_ROOM if is_name else word} if word else {}
    request_from({**values, **typed}, regions)
    return StartWords(word, values, regions)


def by_name(asked: Invocation, words: StartWords) -> RoomInvocation:
    """Return the row of a start whose room is not found by its name yet."""
    request = replace(words.in_room(_ANY_ROOM), room_id=ROOM_BY_NAME)
    return replace(asked.asking_for(request), room_name=words.word)


def is_by_name(row: Invocation) -> bool:
    """Return True if the room of a start is not found by its name yet."""
    return row.request is not None and row.request.room_id == ROOM_BY_NAME


def needs_look_up(row: RoomInvocation) -> bool:
    """Return True if the room of a start that was never sent may have to be found by its name."""
    if is_by_name(row):
        return True
    if row.source is not Source.COMMAND or is_room_id(row.request.room_id):
        return False
    try:
        word, rest = first_word(row.text)
        return assign([word, *rest]).get("room_id") == row.request.room_id
    except InvalidArguments:
        return False


def typed_name_of(row: Invocation) -> str | None:
    """Return the first word of what was typed for a start, if that may be a quick start's name."""
    if row.source is Source.BREAK_GLASS:
        return None  # the text is a reason
    try:
        word = first_word(row.text)[0].lower()
    except InvalidArguments:
        return None
    return word if NAME.fullmatch(word) else None
