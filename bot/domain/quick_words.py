"""Parse the words after `/avatar quick`. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.arguments import (
    Regions,
    did_you_mean,
    first_word,
    parse_start,
    refuse_extra_words,
    unknown_subcommand,
)
from bot.domain.invocation import StartRequest
from bot.domain.quick_start import checked_name
from bot.errors import InvalidArguments
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

VERBS = ("add", "list", "rename", "remove", "panel")
EVERYWHERE = "--everywhere"

_FLAG = re.compile(r"--+[a-z].*|-everywhere", re.IGNORECASE)
"""A flag, also with one dash: some keyboards make one long dash of two."""


@dataclass(frozen=True, slots=True)
class Add:
    """Add a quick start."""

    name: str
    request: StartRequest
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a quick start another name."""

    old: str
    new: str
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a quick start."""

    name: str
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Show:
    """List the quick starts of the channel whose names have this beginning."""

    beginning: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Post a message with a button for each quick start."""


@dataclass(frozen=True, slots=True)
class HowTo:
    """Say how to use `/avatar quick`."""


QuickWords: TypeAlias = Add | Rename | Remove | Show | Panel | HowTo


def parse_quick(words: Sequence[str], regions: Regions) -> QuickWords:
    """Parse the words after `/avatar quick`. Without words, it lists.

    Raises:
        InvalidArguments: a word cannot be used; the error names it and says what is allowed.
    """
    words, everywhere = _without_flag(words)
    verb, *rest = words or ["list"]
    match verb.lower():
        case "add":
            return _add(rest, regions, everywhere=everywhere)
        case "rename":
            old, new = _names(rest, "rename")
            return Rename(old.lower(), checked_name(new, regions.allowed), everywhere)
        case "remove":
            [name] = _names(rest, "remove")
            return Remove(name.lower(), everywhere)
        case "list":
            refuse_extra_words(rest[1:], after="quick list")
            return Show(rest[0].lower() if rest else "")
        case "panel":
            refuse_extra_words(rest, after="quick panel")
            return Panel()
        case "help":
            return HowTo()
        case _:
            raise unknown_subcommand(verb, VERBS)


def is_everywhere(text: str) -> bool:
    """Return True if the text after `/avatar` is about the quick starts of all channels."""
    try:
        _, words = first_word(text)
        return _without_flag(words)[1]
    except InvalidArguments:
        return False


def _add(words: Sequence[str], regions: Regions, *, everywhere: bool) -> Add:
    if not words:
        raise InvalidArguments(reason(Code.QUICK_NAME_MISSING, usage="add"))
    name = checked_name(words[0], regions.allowed)
    return Add(name, parse_start(words[1:], Regions(regions.allowed)), everywhere)


def _names(words: Sequence[str], verb: str) -> Sequence[str]:
    wanted = 2 if verb == "rename" else 1
    if len(words) < wanted:
        raise InvalidArguments(reason(Code.QUICK_NAME_MISSING, usage=verb))
    refuse_extra_words(words[wanted:], after=f"quick {verb}")
    return words


def _without_flag(words: Sequence[str]) -> tuple[list[str], bool]:
    """Return the words without `--everywhere`, and whether it was among them."""
    rest, everywhere = [], False
    for word in words:
        if not _FLAG.fullmatch(word) or "=" in word:
            rest.append(word)
        elif word.lower().lstrip("-") == EVERYWHERE.lstrip("-"):
            everywhere = True
        else:
            close = did_you_mean(word.lower(), (EVERYWHERE,))
            raise InvalidArguments(reason(Code.QUICK_FLAG_UNKNOWN, word=word, close=close))
    return rest, everywhere
