"""Check the content of a message as an app sends it: text and blocks."""

import json
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.limits import ALL_CHARACTERS, block_problems, characters

TEXT_CHARACTERS = 40_000
"""The longest text (`msg_too_long`): https://docs.slack.dev/reference/methods/chat.postMessage."""

UPDATED_TEXT_CHARACTERS = 4_000
"""The longest text of https://docs.slack.dev/reference/methods/chat.update."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content to show. `blocks` is None if the app sent no such field."""

    text: str
    blocks: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Slack's word for what is wrong with the content, with details if Slack gives any."""

    error: str
    problems: tuple[str, ...] = ()


def read_content(arguments: dict[str, Any], *, longest: int = TEXT_CHARACTERS) -> Content | Refusal:
    """Read `text` and `blocks` from the arguments; blocks may be a list or, in forms, its JSON."""
    text = arguments.get("text")
    text = "" if text is None else str(text)
    blocks = _read_blocks(arguments.get("blocks"))
    if isinstance(blocks, Refusal):
        return blocks
    if not text.strip() and not blocks:
        return Refusal("no_text")
    if len(text) > longest:
        return Refusal("msg_too_long")
    problems = block_problems(blocks or [])
    if problems:
        return Refusal("invalid_blocks", tuple(problems))
    return Content(text, blocks)


def too_long_together(content: Content) -> Refusal | None:
    """Check the limit on all blocks together, which chat.* methods have and a response_url does not."""
    if content.blocks and characters(content.blocks) > ALL_CHARACTERS:
        return Refusal("msg_blocks_too_long")
    return None


def _read_blocks(value: Any) -> list[Any] | Refusal | None:
    if value in (None, ""):
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return Refusal("invalid_blocks_format")
    return value if isinstance(value, list) else Refusal("invalid_blocks_format")
