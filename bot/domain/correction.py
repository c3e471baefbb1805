"""What a person meant by words that are a mistake: the words to type instead. Pure.

A mistake has a correction only if the bot knows what was meant. A correction counts only if the bot parses it
to the words that it was made of, so its button does nothing else.
A stop that names no job means the list of jobs: each job there has its button.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from bot.domain.arguments import REGION_LIKE, first_word
from bot.errors import InvalidArguments
from bot.reasons import Reason
from bot.reasons import ReasonCode as Code

START_COMMAND = "/avatar-start"
AVATAR_COMMAND = "/avatar"

OF_THE_OTHER_COMMAND = frozenset({"jobs", "stop", "quick"})
"""First words after `/avatar-start` that belong to `/avatar`, unless a quick start has that name."""

_ONE_WORD = frozenset(
    {
        Code.REGION_UNKNOWN,
        Code.ROOM_TYPE_UNKNOWN,
        Code.OPTION_UNKNOWN,
        Code.ROOM_UNKNOWN,
        Code.ROOM_NAME_UNKNOWN,
        Code.NO_JOB_OF_ROOM,
    }
)
"""Mistakes in one word. A reason has it as its argument `word`, and what was meant as `close`."""

_NO_JOB_TO_STOP = frozenset({Code.JOB_ID_MISSING, Code.JOB_NOT_STARTED_HERE, Code.NO_JOB_OF_ROOM})


@dataclass(frozen=True, slots=True)
class Correction:
    """A command, and the text to type after it."""

    command: str
    text: str

    @classmethod
    def parse(cls, typed: str) -> "Correction":
        """Read what `typed` has written."""
        command, _, text = typed.partition(" ")
        return cls(command, text)

    @property
    def typed(self) -> str:
        """The whole line."""
        return f"{self.command} {self.text}"


def correction(command: str, text: str, why: Reason, verbs: Sequence[str] = ()) -> Correction | None:
    """Return what was meant by the text after a command; None if that is not known.

    Args:
        why: what is wrong with the text.
        verbs: the command's subcommands.
    """
    try:
        word, rest = first_word(text, verbs)
    except InvalidArguments:
        return None
    close = str(why.args.get("close", "")).strip('"')
    words: Sequence[str] | None = None
    match why.code:
        case Code.SUBCOMMAND_UNKNOWN if word.lower() == "start":
            command, words = START_COMMAND, rest or ["help"]
        case Code.SUBCOMMAND_UNKNOWN if close:
            words = [close, *rest]
        case Code.WORD_OF_OTHER_COMMAND:
            command, words = AVATAR_COMMAND, [word.lower(), *rest]
        case code if code in _ONE_WORD and close:
            words = _replaced([word, *rest], str(why.args.get("word", "")), close)
        case Code.REGION_UNKNOWN | Code.WORD_TOO_MANY if command == START_COMMAND:
            words = _with_one_name([word, *rest])
        case code if code in _NO_JOB_TO_STOP:
            command, words = AVATAR_COMMAND, ["jobs"]
        case _:
            return None
    return _written(command, words)


def _with_one_name(words: Sequence[str]) -> list[str] | None:
    """Return the words with the first ones as one name of a room: who types a name may forget the quotes."""
    name = list(takewhile(lambda word: "=" not in word and not REGION_LIKE.fullmatch(word), words))
    return [" ".join(name), *words[len(name) :]] if len(name) > 1 else None


def _replaced(words: Sequence[str], wrong: str, right: str) -> list[str] | None:
    """Return the words with the wrong one replaced: a word, the name of an option, or its value."""
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if word == wrong:
            new = right
        elif equals and value == wrong:
            new = f"{name}={right}"
        elif equals and name.lower() == wrong:
            new = f"{right}={value}"
        else:
            continue
        return [*words[:place], new, *words[place + 1 :]]
    return None


def _written(command: str, words: Sequence[str] | None) -> Correction | None:
    if words is None:
        return None
    text = " ".join(f'"{word}"' if " " in word else word for word in words)
    try:
        first, rest = first_word(text)
    except InvalidArguments:
        return None
    return Correction(command, text) if [first, *rest] == list(words) else None
