"""The sandbox page: a channel in the browser, served by Slack's stand-in."""

from bot.sandbox.page.server import Page

__all__ = ["Page"]
