"""The text after `/avatar-start` → what was asked for. Pure: no clock, no network, no settings.

What Slack and keyboards do to a text is undone first: `&lt;`, `<http://…|label>`, `<#C…|name>`, smart quotes,
code ticks, full-width signs, non-breaking spaces. Nothing that has not been checked leaves this module.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.errors import InvalidArguments
from bot.model import REGION_NAMES, RoomType, StartRequest

MAX_TEXT = 4000
ROOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CLIENT_ID = re.compile(r"[!-~]{1,128}")

_HELP = frozenset({"help", "?", "-h", "--help", "-help"})
_OPTIONS = ("room_id", "region", "room_type", "client_id")
_SLACK_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_WRAPPING = "\"'`´‘’‚“”„«»<>,;"
_EQUALS = re.compile(r" ?= ?")


@dataclass(frozen=True, slots=True)
class HelpWanted:
    """The person asked how the command is used, or gave nothing at all."""


@dataclass(frozen=True, slots=True)
class Regions:
    """The configured regions; `default` is taken where a person names none."""

    allowed: tuple[str, ...]
    default: str | None = None


def parse_start(text: str, regions: Regions) -> StartRequest | HelpWanted:
    """What `/avatar-start <text>` asks for.

    Raises:
        InvalidArguments: saying which word cannot be used and what is allowed.
    """
    if len(text) > MAX_TEXT:
        raise InvalidArguments("The text is too long.", advice="It takes a room ID and a few options.")
    words = _words(text)
    if not words or words[0].lower() in _HELP:
        return HelpWanted()
    values = _assign(words)
    if "room_id" not in values:
        raise InvalidArguments("The room ID is missing.", advice="It comes first: `room_id region`.")
    region = values.get("region")
    return StartRequest(
        room_id=_room_id(values["room_id"], regions),
        region=regions.default if region is None else _region(region, regions.allowed),
        room_type=_room_type(values.get("room_type")),
        client_id=_client_id(values.get("client_id")),
    )


def _words(text: str) -> list[str]:
    text = _SLACK_LINK.sub(_label, text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = unicodedata.normalize("NFKC", text.replace("´", "'"))  # NFKC would make a blank and a mark of it
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    text = _EQUALS.sub("=", " ".join(text.split()))
    words = (
        "=".join(part.strip(_WRAPPING) for part in word.strip(_WRAPPING).split("=", 1))
        for word in text.split()
    )
    return [word for word in words if word]


def _label(link: re.Match[str]) -> str:
    target, label = link.group(1), link.group(2)
    sigil = target[:1] if target[:1] in {"#", "@"} else ""
    return sigil + label if label else target


def _assign(words: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    positions = iter(("room_id", "region"))
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            name, value = next(positions, ""), word
            if not name:
                raise InvalidArguments(
                    f"{_quoted(word)} is one word too many.",
                    advice="Only a room ID and a region stand alone; "
                    "the rest is `room_type=…` and `client_id=…`.",
                )
        name = name.lower()
        if name not in _OPTIONS:
            raise InvalidArguments(
                f"{_quoted(name or word)} is not an option.",
                advice=_allowed(_OPTIONS, did_you_mean(name, _OPTIONS)),
            )
        if name in values:
            raise InvalidArguments(f"`{name}` is given twice.", advice="Keep one of them.")
        if not value:
            raise InvalidArguments(f"`{name}=` has no value.", advice="Give it one, or leave it out.")
        values[name] = value
    return values


def _room_id(value: str, regions: Regions) -> str:
    if value.lower() in regions.allowed:
        raise InvalidArguments(
            f"{_quoted(value)} is a region; the room ID belongs in its place.",
            advice=f"The room ID comes first: `room_id {value.lower()}`.",
        )
    if not ROOM_ID.fullmatch(value):
        raise InvalidArguments(
            f"{_quoted(value)} is not a room ID.",
            advice="A room ID has 1 to 64 letters, digits, `-` and `_`, "
            "e.g. `24bad716-87b1-45e5-8912-6102f7693265`.",
        )
    return value


def _region(value: str, allowed: Sequence[str]) -> str:
    if value.lower() in allowed:
        return value.lower()
    named = {REGION_NAMES[region].lower(): region for region in allowed if region in REGION_NAMES}
    close = did_you_mean(value.lower(), (*allowed, *named))
    raise InvalidArguments(
        f"{_quoted(value)} is not a region that this bot may use.",
        advice=_allowed(allowed, named.get(close, close) if close else None),
    )


def _room_type(value: str | None) -> RoomType | None:
    if value is None:
        return None
    try:
        return RoomType(value.upper())
    except ValueError:
        raise InvalidArguments(
            f"{_quoted(value)} is not a room type.",
            advice=_allowed(tuple(RoomType), did_you_mean(value.upper(), tuple(RoomType))),
        ) from None


def _client_id(value: str | None) -> str | None:
    if value is not None and not CLIENT_ID.fullmatch(value):
        raise InvalidArguments(
            f"{_quoted(value)} is not a client ID.",
            advice="A client ID has 1 to 128 letters, digits and signs.",
        )
    return value


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that is closest to a mistyped one, or None where nothing is near."""
    return next(iter(difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.5)), None)


def _quoted(typed: str) -> str:
    shown = typed.replace("`", "'")
    return f"`{shown[:80]}…`" if len(shown) > 80 else f"`{shown}`"


def _allowed(values: Sequence[str], close: str | None) -> str:
    listed = f"Allowed: {', '.join(f'`{value}`' for value in values)}."
    return f"{listed} Did you mean `{close}`?" if close else listed
