"""Quick starts: named sets of start arguments, for one channel or everywhere. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.arguments import REGION_LIKE, UUID_LIKE, did_you_mean
from bot.domain.invocation import Invocation
from bot.errors import InvalidArguments
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
RESERVED = frozenset({"again", "help"})
"""Words that mean something else after `/avatar-start`."""

MOST_QUICK_STARTS = 200
"""Maximum number of quick starts of one channel, and of everywhere: a message holds no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickStart:
    """A row of the table `quick_starts`. Without a `channel_id`, it is known everywhere in the team."""

    id: str
    team_id: str
    channel_id: str | None
    name: str
    room_id: str
    region: str | None = None
    room_type: str | None = None
    client_id: str | None = None
    user_id: str
    created_at: datetime

    @property
    def is_everywhere(self) -> bool:
        """True if it is known in all channels."""
        return self.channel_id is None

    def arguments(self) -> dict[str, str]:
        """Return the start arguments that it has, by their names."""
        values = {
            "room_id": self.room_id,
            "region": self.region,
            "room_type": self.room_type,
            "client_id": self.client_id,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Listed:
    """A quick start as a channel sees it. `is_shadowed`: the channel's own one of that name hides it."""

    quick_start: QuickStart
    is_shadowed: bool = False


def place_of(row: Invocation) -> tuple[str, str | None]:
    """Return the team and the channel of a use of the bot."""
    return row.origin.team_id or "", row.origin.channel_id


def checked_name(word: str, regions: Iterable[str] = ()) -> str:
    """Return a word as the name of a quick start: in small letters.

    Args:
        regions: the configured regions. They cannot be names.

    Raises:
        InvalidArguments: the word cannot be a name; the error says why.
    """
    name = word.lower()
    if UUID_LIKE.fullmatch(name):
        raise InvalidArguments(reason(Code.QUICK_NAME_LIKE_ID, word=word))
    if REGION_LIKE.fullmatch(name) or name in regions:
        raise InvalidArguments(reason(Code.QUICK_NAME_LIKE_REGION, word=word))
    if name in RESERVED:
        raise InvalidArguments(reason(Code.QUICK_NAME_RESERVED, word=word))
    if not NAME.fullmatch(name):
        raise InvalidArguments(reason(Code.QUICK_NAME_UNUSABLE, word=word))
    return name


def may_be_name(word: str) -> bool:
    """Return True if a quick start can have this name. Case does not matter."""
    return bool(NAME.fullmatch(word.lower())) and not UUID_LIKE.fullmatch(word)


def chosen(found: Iterable[QuickStart]) -> QuickStart | None:
    """Return the quick start that a name means in a channel: the channel's own, else that of everywhere."""
    return min(found, key=lambda quick_start: quick_start.is_everywhere, default=None)


def listed(found: Iterable[QuickStart]) -> list[Listed]:
    """Return all that a channel knows, sorted by name, the channel's own before one of everywhere."""
    everything = sorted(found, key=lambda quick_start: (quick_start.name, quick_start.is_everywhere))
    own = {quick_start.name for quick_start in everything if not quick_start.is_everywhere}
    return [Listed(each, each.is_everywhere and each.name in own) for each in everything]


def unknown(word: str, known: Sequence[QuickStart], *, everywhere: bool | None = None) -> InvalidArguments:
    """Return the error for a name that no quick start has.

    Args:
        everywhere: the place of the search, if it was only one of the two.
    """
    name = word.lower()
    if everywhere is not None and any(each.name == name for each in known):
        why = reason(Code.QUICK_START_ELSEWHERE, word=word, everywhere=not everywhere)
        return InvalidArguments(why)
    close = did_you_mean(name, sorted({each.name for each in known}))
    return InvalidArguments(reason(Code.QUICK_START_UNKNOWN, word=word, close=close))
