"""A message and the blocks that it is made of. Whoever fills a block keeps to its limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELDS_LIMIT = 10
TEXT_LIMIT = 4000
"""Slack takes 40,000 characters of top-level text and advises 4,000."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` says all of it (screen readers and notifications see nothing else); `blocks` say it well."""

    text: str
    blocks: tuple[Block, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """As Slack's methods, acks and response_urls take it."""
        return {"text": self.text} | ({"blocks": list(self.blocks)} if self.blocks else {})


def header(text: str) -> Block:
    """A heading in plain text."""
    return {"type": "header", "text": {"type": "plain_text", "text": text[:HEADER_LIMIT]}}


def section(mrkdwn: str) -> Block:
    """A paragraph."""
    return {"type": "section", "text": _text_object(mrkdwn)}


def fields(facts: Sequence[tuple[str, str]]) -> Block:
    """Up to ten facts, each a label and its value, in two columns."""
    return {
        "type": "section",
        "fields": [_text_object(f"*{label}*\n{value}") for label, value in facts[:FIELDS_LIMIT]],
    }


def context(mrkdwn: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_text_object(mrkdwn)]}


def _text_object(mrkdwn: str) -> Block:
    """Markup as written: `verbatim` keeps Slack from making links of what merely looks like one."""
    return {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}
