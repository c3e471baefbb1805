"""The wording of one reason, and what all wordings share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from bot.domain.typed_text import visible
from bot.reasons import Argument

Args = Mapping[str, Argument]
Words = str | Callable[[Args], str]
"""A template with the names of arguments in braces, or a function that makes the words."""

TRY_AGAIN = "Try again in a moment."
LOOK_FIRST = (
    "It may have started: look at the room's jobs in the MetaStudio console before you start it again."
)


@dataclass(frozen=True, slots=True)
class Wording:
    """What happened, and what a person can do about it; the advice may be empty."""

    what: Words
    advice: Words = ""


def render(words: Words, args: Args) -> str:
    """Return the words with the arguments in their places; a missing argument is shown as `?`."""
    return words.format_map(_Lenient(args)) if isinstance(words, str) else words(args)


def text_in(args: Args, name: str) -> str:
    """Return an argument as text, or an empty text if it is missing."""
    return str(args.get(name, ""))


def quoted(args: Args) -> str:
    """Return the argument `word` as code, with its invisible characters made visible and at most 80 long."""
    shown = visible(text_in(args, "word").replace("`", "'"))
    return f"`{shown[:80]}…`" if len(shown) > 80 else f"`{shown}`"


def as_list(text: str) -> str:
    """Return the words of a text as a list in code, or `none`."""
    return ", ".join(f"`{each}`" for each in text.split()) or "none"


class _Missing:
    @override
    def __format__(self, spec: str) -> str:
        return "?"


class _Lenient(dict[str, Any]):
    def __missing__(self, name: str) -> _Missing:
        return _Missing()
