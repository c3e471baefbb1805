"""The content of panels: the current quick starts of a channel and of everywhere."""

from bot.domain.invocation import Invocation
from bot.domain.quick_start import Listed, listed, place_of
from bot.messages.message import Message
from bot.messages.quick_starts import panel
from bot.store.quick_starts import QuickStarts


class PanelContent:
    """The content of panels."""

    def __init__(self, quick_starts: QuickStarts) -> None:
        self._quick_starts = quick_starts

    async def known(self, asking: Invocation) -> list[Listed]:
        """Return the quick starts that the channel of an invocation knows.

        Raises:
            DatabaseUnavailable: they cannot be read.
        """
        return listed(await self._quick_starts.known_in(*place_of(asking)))

    async def message(self, wanted: Invocation) -> Message:
        """Return the panel that an invocation asked for.

        Raises:
            DatabaseUnavailable: the quick starts cannot be read.
        """
        return panel(await self.known(wanted))
