"""A job's voices and picture, gathered from several answers of MetaStudio. Pure.

The start call, the state call and the room say the same things under the same names (Tables 8 to 10 of the
start call), and each may leave some out. What one has said, the next does not change.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Values = dict[str, Any]
"""Field by its name in MetaStudio's answers, as JSON has it."""

VOICES = "voice_config_list"

_SHOWN: Mapping[str, frozenset[str]] = {
    "video_config": frozenset({"width", "height"}),
    "chat_subtitle_config": frozenset({"dx", "dy", "width", "height"}),
    "chat_video_type": frozenset(),
    "is_transparent": frozenset(),
    "default_language": frozenset(),
}
"""What an announcement shows beside voices, and the parts that make it whole."""

_VOICE = frozenset({"voice_asset_id", "speed", "pitch", "volume", "provider", "language"})


def said(values: Mapping[str, Any]) -> Values:
    """The values without those that say nothing: nulls, and empty texts, lists and objects."""
    usable = {name: _usable(value) for name, value in values.items()}
    return {name: value for name, value in usable.items() if value is not None}


def lacks_something(known: Values) -> bool:
    """Whether an announcement would show more if more were known."""
    voices = known.get(VOICES, ())
    return (
        not voices
        or any(_VOICE - voice.keys() for voice in voices)
        or any(name not in known or parts - _names_in(known[name]) for name, parts in _SHOWN.items())
    )


def filled(known: Values, more: Values) -> Values:
    """What is known, and beside it what only `more` says; both without empty values."""
    both = more | known
    for name in known.keys() & more.keys():
        if name == VOICES:
            both[name] = list(_voices(known[name], more[name]))
        elif isinstance(known[name], dict) and isinstance(more[name], dict):
            both[name] = more[name] | known[name]
    return both


def written(known: Values) -> str:
    """As JSON, to be kept; half a surrogate, at which pydantic's own way fails, becomes a question mark."""
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def read(configuration: str | None) -> Values:
    """What was kept; nothing where that cannot be read any more."""
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
    """Each voice with what `more` says of the same one: of that asset or, without an asset, at that place."""
    by_asset = {voice["voice_asset_id"]: voice for voice in more if "voice_asset_id" in voice}
    as_many = len(known) == len(more)
    for place, voice in enumerate(known):
        if "voice_asset_id" in voice:
            same = by_asset.get(voice["voice_asset_id"], {})
        else:
            same = more[place] if as_many else {}
        yield same | voice
