"""The form for a start: what its search offers, what stands in it, and what it means. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TypeAlias, TypeVar

from bot.domain.arguments import OPTIONS
from bot.domain.invocation import StartRequest
from bot.domain.quick_start import QuickStart
from bot.domain.room_names import LONGEST_NAME, NamedRoom, comparable, is_room_id, may_be_id
from bot.domain.typed_text import normalised, without_marks

MOST_OFFERS = 100
"""Maximum number of options in a menu, set by Slack."""

Offer: TypeAlias = QuickStart | NamedRoom
"""What can be chosen in the form."""

MayStart: TypeAlias = Callable[[Offer], bool]

OfferT = TypeVar("OfferT", QuickStart, NamedRoom)


class Kind(StrEnum):
    """What a choice is: a quick start goes by its name, a room by its ID."""

    QUICK_START = "quick"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of an option."""

    kind: Kind
    word: str

    @classmethod
    def of(cls, offer: Offer) -> "Choice":
        """Return the choice of an offer."""
        if isinstance(offer, QuickStart):
            return cls(Kind.QUICK_START, offer.name)
        return cls(Kind.ROOM, offer.room_id)

    @classmethod
    def parse(cls, value: str) -> "Choice | None":
        """Read the value of an option; return None if it is none of the bot's."""
        kind, _, word = value.partition(" ")
        return cls(Kind(kind), word) if kind in tuple(Kind) and word else None

    @property
    def value(self) -> str:
        """The value of the option."""
        return f"{self.kind} {self.word}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefilled:
    """What stands in the form when it opens. `channel_id` is None if no channel suggests itself."""

    offer: Offer | None = None
    region: str | None = None
    room_type: str | None = None
    client_id: str | None = None
    channel_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a person has filled in.

    `options` are the other arguments of the start by their names. `opening_id` is the row of the use that
    opened the form, and `opened_in` the channel whose quick starts it offers.
    """

    opening_id: str
    opened_in: str | None
    choice: Choice | None
    options: Mapping[str, str] = field(default_factory=dict)
    save_as: str | None = None

    @property
    def text(self) -> str:
        """What would have been typed after the command instead."""
        return _typed(self.choice.word if self.choice else "", self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the search has found. `typed_id` is what was typed, if it may be a room's ID itself."""

    quick_starts: tuple[QuickStart, ...] = ()
    rooms: tuple[NamedRoom, ...] = ()
    typed_id: str | None = None


def typed_form_of(request: StartRequest) -> str:
    """Return what would be typed for a start."""
    given = {name: getattr(request, name) for name in OPTIONS if name != "room_id"}
    return _typed(request.room_id, {name: value for name, value in given.items() if value})


def offers_for(
    typed: str,
    quick_starts: Sequence[QuickStart],
    rooms: Sequence[NamedRoom] | None,
    may_start: MayStart,
) -> Offers:
    """Return what fits the typed text and may be started: first what begins with it.

    Args:
        rooms: None if the rooms are not known.
    """
    wanted = comparable(typed[:LONGEST_NAME])
    names = {room.room_id: comparable(room.name) for room in rooms or ()}
    named = ((each, (each.name, names.get(each.room_id, ""))) for each in quick_starts)
    found = tuple(_first(_fitting(wanted, named), MOST_OFFERS, may_start))
    usable = (
        (room, (names[room.room_id], room.room_id.casefold()))
        for room in rooms or ()
        if may_be_id(room.room_id)
    )
    found_rooms = tuple(_first(_fitting(wanted, usable), MOST_OFFERS - len(found), may_start))
    word = without_marks(" ".join(normalised(typed[:LONGEST_NAME]).split()))
    is_wanted = rooms is None or is_room_id(word) or not (found or found_rooms)
    is_new = may_be_id(word) and all(room.room_id != word for room in found_rooms)
    offers_id = is_wanted and is_new and may_start(NamedRoom(word, word))
    most = MOST_OFFERS - offers_id
    return Offers(
        quick_starts=found[:most],
        rooms=found_rooms[: max(0, most - len(found))],
        typed_id=word if offers_id else None,
    )


def _fitting(wanted: str, offers: Iterable[tuple[OfferT, Sequence[str]]]) -> Iterator[OfferT]:
    """Yield the offers with the text in one of their names."""
    later: list[OfferT] = []
    for offer, names in offers:
        if any(name.startswith(wanted) for name in names):
            yield offer
        elif any(wanted in name for name in names):
            later.append(offer)
    yield from later


def _first(offers: Iterable[OfferT], most: int, may_start: MayStart) -> Iterator[OfferT]:
    return islice(filter(may_start, offers), most)


def _typed(word: str, options: Mapping[str, str]) -> str:
    region = options.get("region", "")
    rest = (f"{name}={value}" for name, value in options.items() if name != "region")
    return " ".join(part for part in (word, region, *rest) if part)
