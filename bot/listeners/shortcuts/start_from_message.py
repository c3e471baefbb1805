"""The message shortcut *Start an avatar*: the form, for the channel of a message."""

from dataclasses import replace

from bot.listeners.shortcuts import start_avatar

SHORTCUT = replace(
    start_avatar.SHORTCUT,
    callback_id="start_avatar_from_message",
    description="Start a virtual avatar in a room and tell this channel",
    of_messages=True,
)
