"""Buttons in the bot's messages."""
