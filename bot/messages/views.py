"""Modals, as Slack's view objects (https://docs.slack.dev/reference/views)."""

from collections.abc import Sequence
from typing import Any

from bot.domain.invocation import Source
from bot.messages.message import Block, Message, plain, texts

VIEW_BLOCKS_LIMIT = 100

_PRESS = "Press the button once more."
_ONCE_MORE = {Source.COMMAND: "Type the command once more.", Source.SHORTCUT: "Use the shortcut once more."}


def modal(title: str, blocks: Sequence[Block]) -> dict[str, Any]:
    """Return a modal that people read and close."""
    return {"type": "modal", "title": plain(title), "close": plain("Close"), "blocks": list(blocks)}


def plain_view(view: dict[str, Any]) -> dict[str, Any]:
    """Return the view with plain paragraphs and its inputs, for a workspace that refuses its blocks."""
    said = [plain for block in view["blocks"] for plain in _plain(block)]
    return view | {"blocks": said[:VIEW_BLOCKS_LIMIT]}


def _plain(block: Block) -> list[Block]:
    if block["type"] == "input":
        return [block]
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts(block)]


def not_opened(source: Source = Source.BUTTON) -> Message:
    """Say that Slack did not open the modal. Slack allows 3 s for that after a use."""
    return Message(f"Slack did not open the window. *{_ONCE_MORE.get(source, _PRESS)}*")
