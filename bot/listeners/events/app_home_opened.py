"""Somebody has opened the bot's Home tab, or its messages."""

from typing import Any

from bot.listeners.use import Event, Services


async def draw(services: Services, event: dict[str, Any]) -> None:
    """Draw the Home tab."""
    if event["event"].get("tab") == "home":
        await services.home_tabs.open(services.incoming.origin_of(event))


EVENT = Event(name="app_home_opened", handle=draw)
