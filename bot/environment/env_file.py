"""Read the environment and `.env` as text: name → value, without expanding values."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from bot.errors import SettingFault, SettingsError

ENV_FILE = Path(".env")
MAX_FILE_BYTES = 1_048_576

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[^\s=\#'"]+)\s*=
    (?:\s*'(?P<single>.*?)'|\s*"(?P<double>(?:\\.|[^"\\])*)"|\s*(?P<bare>(?!\s|['"]).*?)|)
    \s*(?:(?<!\S)\#.*|(?<=['"])\#.*)?""",
    re.VERBOSE,
)
_NOTHING = re.compile(r"\s*(?:#.*)?")
_NEW_LINE = re.compile(r"\r\n|\n|\r")
_ESCAPE = re.compile(r"\\(.)")
_MEANT = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}


def environment_and_file() -> dict[str, str]:
    """Return all settings; the environment overrides `.env`. Names become upper case.

    Raises:
        SettingsError: the file cannot be read, or a value is not UTF-8.
    """
    return read_env_file(ENV_FILE) | _environment(os.environ)


def read_env_file(path: Path) -> dict[str, str]:
    """Read the settings from a file; a missing file has none.

    A line is `NAME=value`; `export` may come before it. Single quotes make everything literal. Between double
    quotes a backslash escapes a quote, a backslash, and `n`, `r`, `t`. `#` after a blank begins a comment.

    Raises:
        SettingsError: it names the file, and the line if one is wrong, but never quotes the content.
    """
    lines = _NEW_LINE.split(_text_of(path))
    found: dict[str, str] = {}
    faults = []
    for number, line in enumerate(lines, start=1):
        if setting := _LINE.fullmatch(line):
            found[setting["name"].upper()] = _value(setting)
        elif not _NOTHING.fullmatch(line):
            faults.append(SettingFault(f"{path} (line {number})", "write it as NAME=value or NAME='value'"))
    if faults:
        raise SettingsError(faults)
    return found


def _text_of(path: Path) -> str:
    try:
        if path.is_fifo():  # opening a pipe would block without a message
            raise _fault(path, "it is a pipe: put a file in its place, or remove it")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise _fault(path, "it is a link to a missing file: fix it, or remove it") from None
        return ""
    except IsADirectoryError:
        raise _fault(path, "it is a folder: put a file in its place, or remove it") from None
    except PermissionError:
        remedy = f"this user (uid {os.geteuid()}) may not read it: make it this user's own, with mode 600"
        raise _fault(path, remedy) from None
    except OSError as error:
        raise _fault(path, f"it cannot be read: {os.strerror(error.errno or 0)}") from None
    if len(content) > MAX_FILE_BYTES:
        raise _fault(path, "it is larger than 1 MiB, so it is probably another file: put settings in it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _fault(path, "save it as UTF-8") from None
    if "\0" in text:  # mostly UTF-16 without a byte order mark
        raise _fault(path, "save it as UTF-8")
    return text


def _value(setting: re.Match[str]) -> str:
    if setting["double"] is not None:
        return _ESCAPE.sub(lambda escape: _MEANT.get(escape[1], escape[0]), setting["double"])
    return setting["single"] or setting["bare"] or ""


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Decode the environment as UTF-8, whatever the locale is."""
    found, faults = {}, []
    for name, value in environment.items():
        try:
            found[name.upper()] = os.fsencode(value).decode()
        except UnicodeError:
            if is_ours(name):
                faults.append(SettingFault(name, "give it in UTF-8"))
    if faults:
        raise SettingsError(faults)
    return found


def is_ours(name: str) -> bool:
    """Return whether a name can only be meant for this bot."""
    return name.upper().startswith(("AVATAR_", "METASTUDIO_"))


def _fault(path: Path, remedy: str) -> SettingsError:
    return SettingsError([SettingFault(str(path), remedy)])
