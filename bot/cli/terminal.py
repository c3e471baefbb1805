"""Standard streams that take any text.

A process may start with a stream missing, or with an encoding that lacks characters people type.
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
    "⏳": "*",
    "🟢": "*",
    "⚪": "*",
    "🔴": "*",
    "⛔": "*",
    "❔": "?",
    "\u00a0": " ",
}
_LINES = {"─": "-", "━": "-", "═": "=", "│": "|", "┃": "|", "║": "|"}
_BOX = range(0x2500, 0x2580)


def prepare_streams() -> None:
    """Open missing streams on the null device, and let every stream take any text."""
    _open_closed()
    codecs.register_error("plain", _in_plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def readable(arguments: Sequence[str]) -> list[str]:
    """Decode the arguments as UTF-8, whatever the locale is."""
    return [os.fsencode(argument).decode("utf-8", "replace") for argument in arguments]


def _open_closed() -> None:
    """Open missing standard streams, so that no file or socket gets their numbers and receives our output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the new file gets the lowest free number
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    """Replace the characters that an encoding lacks: by a similar character, else by the character's number.

    JSON stays valid: no replacement is a quotation mark, and numbers are written as JSON escapes.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(char: str) -> str:
    if ord(char) in _BOX:
        return _LINES.get(char, "+")
    return _PLAIN.get(char) or json.dumps(char)[1:-1]
