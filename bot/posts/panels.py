"""What a panel shows: the quick starts of its channel and of everywhere, as they are now."""

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
        """Return the quick starts that the channel of a row knows.

        Raises:
            DatabaseUnavailable: they cannot be read.
        """
        return listed(await self._quick_starts.known_in(*place_of(asking)))

    async def message(self, wanted: Invocation) -> Message:
        """Return the panel that a row has wanted.

        Raises:
            DatabaseUnavailable: the quick starts cannot be read.
        """
        return panel(await self.known(wanted))
