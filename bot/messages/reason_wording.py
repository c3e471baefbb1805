"""How one reason is put into words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from bot.reasons import Argument

Args = Mapping[str, Argument]
Words = str | Callable[[Args], str]
"""A template with the names of arguments in braces, or what makes the words of the arguments."""

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
    """The words with the arguments in their places; an argument that is missing is shown as `?`."""
    return words.format_map(_Lenient(args)) if isinstance(words, str) else words(args)


def text_in(args: Args, name: str) -> str:
    """An argument as text; empty where it is missing."""
    return str(args.get(name, ""))


class _Missing:
    @override
    def __format__(self, spec: str) -> str:
        return "?"


class _Lenient(dict[str, Any]):
    def __missing__(self, name: str) -> _Missing:
        return _Missing()
