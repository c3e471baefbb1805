"""The form for a start, as tests open it, fill it in and submit it."""

from typing import Any

from bot.domain.room_names import NamedRoom
from tests.listeners.desk import AVATARS, Body, Desk

ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
HALL = "5c1f9c1e-0d1b-4a53-9c51-3f3a2c1d0e9f"
STUDIO = "C0STUDIO01"
ROOMS = (NamedRoom(ROOM, "Lobby kiosk"), NamedRoom(HALL, "Grand hall"))


async def form_of(desk: Desk, **changes: Any) -> Body:
    """The form that Mei opens by the command alone."""
    desk.slack.opened.clear()
    assert await desk.types("/avatar-start", **changes) == {}
    [opened] = desk.slack.opened
    view: Body = opened["view"]
    return view


def prefilled(view: Body) -> dict[str, str]:
    """What stands in the fields of the form."""
    elements = {block["block_id"]: block["element"] for block in view["blocks"]}
    found = {
        name: element.get("initial_value")
        or element.get("initial_conversation")
        or element.get("initial_option", {}).get("value")
        for name, element in elements.items()
    }
    return {name: value for name, value in found.items() if value}


async def submits(desk: Desk, view: Body, channel: str = AVATARS, **filled: str) -> Body:
    """Mei fills in the form and submits it."""
    return await desk.submits(submitting(desk, view, channel, **filled))


def submitting(desk: Desk, view: Body, channel: str = AVATARS, **filled: str) -> Body:
    fields = {"room": f"room {ROOM}", "channel": channel} | filled
    return desk.submitting("start_form", view["private_metadata"], **fields)


def started(desk: Desk) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(each.room_id, each.region, each.room_type, each.client_id) for each in desk.cloud.started]
