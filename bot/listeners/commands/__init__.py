"""Slash commands."""

from bot.listeners.commands import avatar, avatar_start
from bot.listeners.use import Command

COMMANDS: tuple[Command, ...] = (avatar_start.COMMAND, avatar.COMMAND)
"""All commands that the bot listens to."""
