"""Shortcuts: what Slack offers in its own menus, without a command."""

from bot.listeners.shortcuts import start_avatar, start_from_message
from bot.listeners.use import AnyShortcut

SHORTCUTS: tuple[AnyShortcut, ...] = (start_avatar.SHORTCUT, start_from_message.SHORTCUT)
"""All shortcuts that the bot listens to."""
