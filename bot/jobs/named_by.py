"""Find the quick start by which a start was asked for. The policy may allow or deny a start by its name."""

from bot.domain.invocation import Invocation, Source
from bot.domain.quick_start import chosen, listed, place_of
from bot.domain.start_words import AGAIN, typed_name_of
from bot.store.invocations import Invocations
from bot.store.quick_starts import QuickStarts

MOST_STEPS = 200
"""Maximum number of buttons that are followed back to the start that was typed."""


class NamedBy:
    """Finds its name. The log has what was typed; only the table tells whether that is a quick start."""

    def __init__(self, invocations: Invocations, quick_starts: QuickStarts) -> None:
        self._invocations = invocations
        self._quick_starts = quick_starts

    async def find(self, start: Invocation) -> str | None:
        """Return the name, if there is still a quick start of this name for the room of the start.

        A name by itself is no proof: a room may be called so, and a quick start may mean another room by now.

        Raises:
            DatabaseUnavailable: it is not known.
        """
        if start.request is None:
            return None
        first = await self._first(start)
        name = typed_name_of(first) if first else None
        found = chosen(await self._quick_starts.named(*place_of(first), name)) if first and name else None
        if found is None and (first is None or _named_in(first)):
            return await self._of_room(start, start.request.room_id)
        return name if found and found.room_id == start.request.room_id else None

    async def _of_room(self, start: Invocation, room_id: str) -> str | None:
        """Return the quick start of the room, where what was typed is not in the log any more.

        Else a denied quick start could be started again once its first start is removed from the log.
        """
        known = listed(await self._quick_starts.known_in(*place_of(start)))
        names = (each.quick_start.name for each in known if each.quick_start.room_id == room_id)
        return next(names, None)

    async def _first(self, start: Invocation) -> Invocation | None:
        """Return the row from which the start was made, by one button after the other."""
        first = start
        for _ in range(MOST_STEPS):
            named = _named_in(first)
            before = await self._invocations.get(named) if named else None
            if before is None:
                return first
            first = before
        return None


def _named_in(start: Invocation) -> str | None:
    """Return the ID of the row that the button of a start names; None if the start has words of its own.

    A form has them. So has a typed start, even if a button corrected it, unless it is `again`. A start that
    was refused has the ID only in its text.
    """
    if start.source is Source.FORM:
        return None
    if start.source is Source.COMMAND and typed_name_of(start) != AGAIN:
        return None
    if start.previous_id is None and start.source is Source.BUTTON:
        return start.text.partition(" ")[0]
    return start.previous_id
