"""The policy file: read it, and see whether it has changed."""

from pathlib import Path
from typing import TypeAlias

from bot.domain.policy import Policy
from bot.errors import SettingFault, SettingsError

Stamp: TypeAlias = tuple[int, ...] | None
"""A mark that tells two versions of a file apart; None if there is no file."""


def read_policy(path: Path) -> Policy:
    """The policy in the file. An empty file is a mistake: it may be half written, and would allow everything.

    Raises:
        SettingsError: it cannot be read, or is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError([SettingFault("AVATAR_POLICY_FILE", f"{path} cannot be read: {why}")]) from None
    if not text.strip():
        remedy = f"{path} is empty: write rules, or a comment if everybody may do everything"
        raise SettingsError([SettingFault("AVATAR_POLICY_FILE", remedy)])
    return Policy.parse(text)


def stamp_of(path: Path) -> Stamp:
    """The file's present stamp. A file that replaces another, also behind a link, has another one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
