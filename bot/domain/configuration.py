"""A job's voice and video configuration, merged from several answers of MetaStudio. Pure.

The start call, the state call and the room use the same field names (Tables 8 to 10 of the start call), and
each may leave fields out. A later answer adds fields but does not change those that are known.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Values = dict[str, Any]
"""JSON values by their field names in MetaStudio's answers."""

VOICES = "voice_config_list"

_SHOWN: Mapping[str, frozenset[str]] = {
    "video_config": frozenset({"width", "height"}),
    "chat_subtitle_config": frozenset({"dx", "dy", "width", "height"}),
    "chat_video_type": frozenset(),
    "is_transparent": frozenset(),
    "default_language": frozenset(),
}
"""The fields that an announcement shows beside the voices, each with the parts that it needs."""

_VOICE = frozenset({"voice_asset_id", "speed", "pitch", "volume", "provider", "language"})


def said(values: Mapping[str, Any]) -> Values:
    """Return the values without empty ones: nulls, and empty texts, lists and objects."""
    usable = {name: _usable(value) for name, value in values.items()}
    return {name: value for name, value in usable.items() if value is not None}


def lacks_something(known: Values) -> bool:
    """Return True if an announcement could show more than is known."""
    voices = known.get(VOICES, ())
    return (
        not voices
        or any(_VOICE - voice.keys() for voice in voices)
        or any(name not in known or parts - _names_in(known[name]) for name, parts in _SHOWN.items())
    )


def filled(known: Values, more: Values) -> Values:
    """Return the known values, and add those that only `more` has. Both hold no empty values."""
    both = more | known
    for name in known.keys() & more.keys():
        if name == VOICES:
            both[name] = list(_voices(known[name], more[name]))
        elif isinstance(known[name], dict) and isinstance(more[name], dict):
            both[name] = more[name] | known[name]
    return both


def written(known: Values) -> str:
    """Return the values as JSON for the database. A lone surrogate, which pydantic refuses, becomes `?`."""
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def read(configuration: str | None) -> Values:
    """Read the values from the database; none if the text cannot be read."""
    try:
        values = json.loads(configuration or "{}")
    except ValueError:
        return {}
    return said(values) if isinstance(values, dict) else {}


def _usable(value: Any) -> Any:
    match value:
        case dict():
            return said(value) or None
        case list():
            return [item for item in map(_usable, value) if item is not None] or None
        case str():
            return value if value.strip() else None
        case _:
            return value


def _names_in(value: Any) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _voices(known: list[Values], more: list[Values]) -> Iterator[Values]:
    """Yield each voice, completed from `more` by the voice of the same asset ID or, without one, place."""
    by_asset = {voice["voice_asset_id"]: voice for voice in more if "voice_asset_id" in voice}
    as_many = len(known) == len(more)
    for place, voice in enumerate(known):
        if "voice_asset_id" in voice:
            same = by_asset.get(voice["voice_asset_id"], {})
        else:
            same = more[place] if as_many else {}
        yield same | voice
