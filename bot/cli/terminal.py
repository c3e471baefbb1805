"""The standard streams of the process, made so that whatever is written to them can be.

A process may be started without one of them, or with one whose encoding lacks what people type.
"""

import codecs
import io
import json
import os
import sys
from collections.abc import Sequence

_PLAIN = {
    "…": "...",
    "–": "-",
    "—": "-",
    "×": "x",
    "·": "-",
    "•": "*",
    "’": "'",
    "‘": "'",
    "“": "'",
    "”": "'",
    "→": "->",
    "\u00a0": " ",
}
_LINES = {"─": "-", "━": "-", "═": "=", "│": "|", "┃": "|", "║": "|"}
_BOX = range(0x2500, 0x2580)


def prepare_streams() -> None:
    """Open those that are closed, on nothing, and let each of them take any text."""
    _open_closed()
    codecs.register_error("plain", _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def readable(arguments: Sequence[str]) -> list[str]:
    """The arguments, read as UTF-8 whatever the locale is."""
    return [os.fsencode(argument).decode("utf-8", "replace") for argument in arguments]


def _open_closed() -> None:
    """A file or socket that got the number of a closed one would have the process's words written into it."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that an encoding lacks: something alike, else their number.

    JSON stays JSON: nothing becomes a quotation mark, and the numbers are written as JSON does.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(char: str) -> str:
    if ord(char) in _BOX:
        return _LINES.get(char, "+")
    return _PLAIN.get(char) or json.dumps(char)[1:-1]
