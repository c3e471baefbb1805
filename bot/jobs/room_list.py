"""MetaStudio's list of rooms. It is read to find a room by its name, and kept for five minutes."""

import asyncio
import time
from collections.abc import Callable
from math import inf

from bot.domain.room_names import NamedRoom
from bot.errors import MetaStudioError, NotSent
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

FRESH_SECONDS = 300.0
"""How long the list is kept: rooms are seldom made or renamed."""

YOUNG_SECONDS = 15.0
"""How old the list may be if a name is not in it: the room may be new."""

BLIND_SECONDS = 10.0
"""How long the list is not read after a failure, so that not every start waits for it."""


class RoomList:
    """The rooms. `clock` is monotonic, in seconds."""

    def __init__(self, metastudio: MetaStudio, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._metastudio = metastudio
        self._clock = clock
        self._rooms: tuple[NamedRoom, ...] = ()
        self._names: dict[str, str] = {}
        self._read_at = -inf
        self._refused_at = -inf
        self._refusal: MetaStudioError | None = None
        self._reading = asyncio.Lock()

    def known(self, *, max_age: float = FRESH_SECONDS) -> tuple[NamedRoom, ...] | None:
        """Return the rooms if they were read in the last minutes. This makes no call."""
        return self._rooms if self._clock() < self._read_at + max_age else None

    @property
    def last_known(self) -> tuple[NamedRoom, ...] | None:
        """The rooms as they were read last, however long ago; None if they never were."""
        return self._rooms if self._read_at > -inf else None

    def name(self, room_id: str | None) -> str | None:
        """Return a room's name, if the list is known and has it."""
        name = self._names.get(room_id or "") if self.known() else None
        return None if name == room_id else name

    async def look_up(self, *, seconds: float, max_age: float = FRESH_SECONDS) -> tuple[NamedRoom, ...]:
        """Return the rooms. Read them if they are older than `max_age`; many callers at once read them once.

        Raises:
            MetaStudioError: they cannot be read within `seconds`.
        """
        try:
            async with asyncio.timeout(seconds), self._reading:
                known = self.known(max_age=max_age)
                return await self._read() if known is None else known
        except TimeoutError:
            raise NotSent(reason(Code.NO_TURN_TO_ASK)) from None

    async def _read(self) -> tuple[NamedRoom, ...]:
        if self._refusal and self._clock() < self._refused_at + BLIND_SECONDS:
            raise self._refusal
        try:
            self._rooms = await self._metastudio.list_rooms(seconds=READ_SECONDS)
        except MetaStudioError as error:
            self._refused_at, self._refusal = self._clock(), error
            raise
        self._names = {room.room_id: room.name for room in self._rooms}
        self._read_at, self._refusal = self._clock(), None
        return self._rooms
