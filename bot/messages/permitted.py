"""Remove from a message for one person what they may not do."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from bot.messages.message import Block, Message

IsBarred = Callable[[str, str], bool]
"""Returns True if the person may not use the button with this action ID and this value."""


def without_buttons(message: Message, is_barred: IsBarred) -> Message:
    """Return the message without the barred buttons, and without rows that become empty."""
    blocks = (_without(block, is_barred) for block in message.blocks)
    return replace(message, blocks=tuple(block for block in blocks if block is not None))


def without_lines_about(message: Message, command: str, verbs: Collection[str]) -> Message:
    """Return the help of a command without its lines about these subcommands."""
    if not verbs:
        return message
    barred = re.compile(rf"• `{re.escape(command)} (?:{'|'.join(map(re.escape, verbs))})\b")
    lines = [line for line in message.text.splitlines() if not barred.match(line)]
    return replace(message, text="\n".join(lines))


def _without(block: Block, is_barred: IsBarred) -> Block | None:
    accessory = block.get("accessory")
    if accessory is not None and _is_barred(accessory, is_barred):
        return {name: part for name, part in block.items() if name != "accessory"}
    if block["type"] != "actions":
        return block
    left = [element for element in block["elements"] if not _is_barred(element, is_barred)]
    return block | {"elements": left} if left else None


def _is_barred(element: Block, is_barred: IsBarred) -> bool:
    return element["type"] == "button" and is_barred(element["action_id"], element.get("value", ""))
