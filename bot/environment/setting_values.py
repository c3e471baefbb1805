"""The values of settings as people write them: with blanks, with commas. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr


def split_regions(value: Any) -> tuple[str, ...]:
    """The regions of a text with commas, or of a list."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        return ()
    return tuple(str(word).strip().lower() for word in words if str(word).strip())


def without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without the blanks around them, and without those that are nothing but blanks."""
    tidied = {name: _stripped(value) for name, value in values.items()}
    return {name: value for name, value in tidied.items() if value is not None and plain(value)}


def _stripped(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return SecretStr(value.get_secret_value().strip())
    return value.strip() if isinstance(value, str) else value


def plain(value: Any) -> str:
    """A value as text, a secret one too: never for a log."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
