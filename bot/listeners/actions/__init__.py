"""Buttons in the bot's messages. A button's value is all that it needs; each click is checked anew."""

from bot.listeners.actions import (
    break_glass,
    details,
    home_start,
    look_again,
    meant,
    quick_start,
    rtc_access,
    start_after_all,
    start_again,
    start_another,
    stop_and_start,
    stop_job,
    use_job,
)
from bot.listeners.use import AnyButton

ACTIONS: tuple[AnyButton, ...] = (
    stop_job.BUTTON,
    details.BUTTON,
    rtc_access.BUTTON,
    start_again.BUTTON,
    start_another.BUTTON,
    meant.BUTTON,
    start_after_all.BUTTON,
    stop_and_start.BUTTON,
    look_again.BUTTON,
    use_job.BUTTON,
    break_glass.BUTTON,
    quick_start.BUTTON,
    home_start.BUTTON,
)
"""All buttons that the bot listens to."""
