"""Modals that people submit."""

from bot.listeners.use import AnyView
from bot.listeners.views import break_glass, start_form

VIEWS: tuple[AnyView, ...] = (break_glass.VIEW, start_form.VIEW)
"""All modals whose submission the bot listens to."""
