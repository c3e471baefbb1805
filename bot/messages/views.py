"""Modals, as Slack's view objects (https://docs.slack.dev/reference/views)."""

from collections.abc import Sequence
from typing import Any

from bot.messages.message import Block, Message, plain, texts

VIEW_BLOCKS_LIMIT = 100


def modal(title: str, blocks: Sequence[Block]) -> dict[str, Any]:
    """A modal to be read and closed."""
    return {"type": "modal", "title": plain(title), "close": plain("Close"), "blocks": list(blocks)}


def plain_view(view: dict[str, Any]) -> dict[str, Any]:
    """The same view in paragraphs alone, for a workspace that does not take its blocks."""
    said = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts(view["blocks"])]
    return view | {"blocks": said[:VIEW_BLOCKS_LIMIT]}


def not_opened() -> Message:
    """What a person is told where Slack opens no modal: it gives an app three seconds for that."""
    return Message("Slack did not open the window. *Press the button once more.*")
