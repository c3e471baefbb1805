"""Modals that people submit."""

from bot.listeners.use import AnyView
from bot.listeners.views import break_glass

VIEWS: tuple[AnyView, ...] = (break_glass.VIEW,)
"""All modals whose submission the bot listens to."""
