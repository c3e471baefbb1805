"""Remove from a message for one person what they may not do."""

import re
from collections.abc import Collection
from dataclasses import replace

from bot.messages.message import Message


def without_lines_about(message: Message, command: str, verbs: Collection[str]) -> Message:
    """Return the help of a command without its lines about these subcommands."""
    if not verbs:
        return message
    barred = re.compile(rf"• `{re.escape(command)} (?:{'|'.join(map(re.escape, verbs))})\b")
    lines = [line for line in message.text.splitlines() if not barred.match(line)]
    return replace(message, text="\n".join(lines))
