"""Events that Slack tells of. They are no uses of the bot."""

from bot.listeners.events import app_home_opened
from bot.listeners.use import Event

EVENTS: tuple[Event, ...] = (app_home_opened.EVENT,)
"""All events that the bot listens to."""
