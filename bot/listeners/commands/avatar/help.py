"""`/avatar help`."""

from bot.domain.correction import START_COMMAND
from bot.listeners.help import help_with
from bot.listeners.use import Use
from bot.messages.message import Message
from bot.messages.usage import avatar_usage


def usage(use: Use) -> Message:
    """How the command is used."""
    return avatar_usage(use.command or "", START_COMMAND)


SUBCOMMAND = help_with(usage)
