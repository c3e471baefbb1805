"""Suggest what a person may have meant by a room that MetaStudio does not know."""

from bot.domain.invocation import RoomInvocation
from bot.domain.quick_start import place_of
from bot.domain.room_names import closest
from bot.errors import DatabaseUnavailable, RoomUnknown
from bot.jobs.room_list import RoomList
from bot.store.quick_starts import QuickStarts


class Suggestions:
    """Adds suggestions to the error. It asks only the database, because the start is over."""

    def __init__(self, quick_starts: QuickStarts, room_list: RoomList) -> None:
        self._quick_starts = quick_starts
        self._room_list = room_list

    async def complete(self, start: RoomInvocation, error: RoomUnknown) -> RoomUnknown:
        """Return the error with the quick start of the missing room, else with a similar name."""
        room_id = start.request.room_id
        try:
            known = await self._quick_starts.known_in(*place_of(start))
        except DatabaseUnavailable:
            return error
        gone = next((each for each in known if each.room_id == room_id), None)
        if gone is not None:
            error.reason = error.reason.with_args(quick_start=gone.name, everywhere=gone.is_everywhere)
        elif close := closest(room_id, self._room_list.known() or (), known):
            error.reason = error.reason.with_args(close=close)
        return error
