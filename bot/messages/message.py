"""A message and the blocks that it is made of. Whoever fills a block keeps to its limit.

Limits: https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

Block = dict[str, Any]

SECTION_LIMIT = 3000
FIELDS_LIMIT = 10
BUTTON_TEXT_LIMIT = 75
BUTTON_VALUE_LIMIT = 2000
CONFIRM_TITLE_LIMIT = 100
CONFIRM_TEXT_LIMIT = 300
CONFIRM_BUTTON_LIMIT = 30
TEXT_LIMIT = 4000
"""Slack takes 40,000 characters of top-level text and advises 4,000."""
SHORT_LIMIT = 1500
"""Characters that are kept of a text that Slack refuses as too long: a third of its smallest limit."""
ALL_BLOCKS_LIMIT = 12_000
"""Characters of text in all blocks together. Undocumented; Slack's maintainers say so of
`msg_blocks_too_long`."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` says all of it (screen readers and notifications see nothing else); `blocks` say it well."""

    text: str
    blocks: tuple[Block, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """As Slack's methods, acks and response_urls take it."""
        return {"text": self.text} | ({"blocks": list(self.blocks)} if self.blocks else {})

    def simpler(self, *, keep: str | None = None) -> Self | None:
        """The same with less to refuse: without blocks, then cut short; None where nothing can be left out.

        Args:
            keep: what is never cut, such as a job's ID.
        """
        if self.blocks:
            return type(self)(self.text)
        short = _cut_short(self.text, keep)
        return type(self)(short) if len(short) < len(self.text) else None


def composed(*paragraphs: str, buttons: Sequence[Block] = (), small_print: str = "") -> Message:
    """Paragraphs, then buttons in a row, then small print; without the last two, the text is enough."""
    text = "\n".join([*paragraphs, *([small_print] if small_print else ())])
    if not buttons and not small_print:
        return Message(text)
    return Message(
        text,
        (
            *(section(paragraph) for paragraph in paragraphs),
            *([actions(buttons)] if buttons else ()),
            *([context(small_print)] if small_print else ()),
        ),
    )


def section(mrkdwn: str, accessory: Block | None = None) -> Block:
    """A paragraph, with a button beside it if it has one."""
    block: Block = {"type": "section", "text": _text_object(mrkdwn)}
    return block | ({"accessory": accessory} if accessory else {})


def fields(facts: Sequence[tuple[str, str]]) -> Block:
    """Up to ten facts, each a label and its value, in two columns."""
    return {
        "type": "section",
        "fields": [_text_object(f"*{label}*\n{value}") for label, value in facts[:FIELDS_LIMIT]],
    }


def context(mrkdwn: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [_text_object(mrkdwn)]}


def actions(elements: Sequence[Block]) -> Block:
    """Buttons in a row."""
    return {"type": "actions", "elements": list(elements)}


def link_button(text: str, *, action_id: str, url: str) -> Block:
    """A button that opens an address. Slack sends its click as well."""
    return {"type": "button", "action_id": action_id, "text": plain(text[:BUTTON_TEXT_LIMIT]), "url": url}


def button(
    text: str, *, action_id: str, value: str, style: str | None = None, confirm: Block | None = None
) -> Block:
    """A button: `action_id` says to the bot what is to be done, `value` to what.

    Raises:
        ValueError: the value is too long for Slack, and a cut one would name something else.
    """
    if len(value) > BUTTON_VALUE_LIMIT:
        raise ValueError(f"a button's value of {len(value)} characters")
    element: Block = {
        "type": "button",
        "action_id": action_id,
        "text": plain(text[:BUTTON_TEXT_LIMIT]),
        "value": value,
    }
    return element | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirmation(title: str, text: str, *, yes: str, no: str, style: str | None = None) -> Block:
    """The question before a button does what it says. All of it is plain text: Slack documents no other."""
    dialog: Block = {
        "title": plain(title[:CONFIRM_TITLE_LIMIT]),
        "text": plain(text[:CONFIRM_TEXT_LIMIT]),
        "confirm": plain(yes[:CONFIRM_BUTTON_LIMIT]),
        "deny": plain(no[:CONFIRM_BUTTON_LIMIT]),
    }
    return dialog | ({"style": style} if style else {})


def plain(text: str) -> Block:
    """Text without markup, where Slack takes no other."""
    return {"type": "plain_text", "text": text}


def characters(part: object) -> int:
    """Return the length of a block's text, to compare it with ALL_BLOCKS_LIMIT."""
    match part:
        case dict():
            own = len(part["text"]) if isinstance(part.get("text"), str) else 0
            return own + sum(characters(inner) for inner in part.values())
        case list():
            return sum(characters(inner) for inner in part)
        case _:
            return 0


def texts(part: object) -> Iterator[str]:
    """Yield the texts of the blocks in the order of reading."""
    match part:
        case {"text": str(text)}:
            yield text
        case dict():
            for inner in part.values():
                yield from texts(inner)
        case list() | tuple():
            for inner in part:
                yield from texts(inner)
        case _:
            pass


def _cut_short(text: str, keep: str | None) -> str:
    """Whole lines up to the limit, and the line with `keep` whatever its place and length."""
    lines, left = [], SHORT_LIMIT
    for line in text.splitlines():
        left -= len(line) + 1
        if left >= 0 or (keep and keep in line):
            lines.append(line)
    if not lines:
        return f"{text[:SHORT_LIMIT]}…"
    return "\n".join([*lines, "…"])


def _text_object(mrkdwn: str) -> Block:
    """Markup as written: `verbatim` keeps Slack from making links of what merely looks like one."""
    return {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}
