"""Menus whose options the bot makes while people type."""

from bot.listeners.options import start_form
from bot.listeners.use import AnyOptions

OPTIONS: tuple[AnyOptions, ...] = (start_form.OPTIONS,)
"""All menus whose options the bot makes."""
