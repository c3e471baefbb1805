"""Buttons in the bot's messages. What a button carries is enough; who clicks is checked anew."""

from bot.listeners.actions import look_again, rtc_access, start_after_all, start_another, stop_job, use_job
from bot.listeners.use import AnyButton

ACTIONS: tuple[AnyButton, ...] = (
    stop_job.BUTTON,
    rtc_access.BUTTON,
    start_another.BUTTON,
    start_after_all.BUTTON,
    look_again.BUTTON,
    use_job.BUTTON,
)
"""The buttons that are listened to."""
