"""Read rooms from MetaStudio, each at most once in five minutes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from bot.domain.job import RoomReport
from bot.errors import OperationUnknown, RoomUnknown
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

FRESH_SECONDS = 300.0
"""How long an answer is valid: a room's name or voice seldom changes."""

MOST_ROOMS = 200
"""How many answers are kept, of 7 kB each; the oldest is dropped first."""

BLIND_SECONDS = 60.0
"""How long no room is read after MetaStudio did not know the operation: perhaps a gateway answered for it."""


@dataclass(frozen=True, slots=True)
class _Told:
    report: RoomReport
    at: float


class Rooms:
    """The answers of the last minutes. `clock` is monotonic, in seconds."""

    def __init__(self, metastudio: MetaStudio, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._metastudio = metastudio
        self._clock = clock
        self._told: dict[str, _Told] = {}
        self._blind_until = -inf
        self._why_blind = reason(Code.OPERATION_UNKNOWN)

    def known(self, room_id: str) -> RoomReport | None:
        """Return what a room's answer of the last minutes says; None where there is none."""
        told = self._told.get(room_id)
        return told.report if told and self._clock() < told.at + FRESH_SECONDS else None

    def name(self, room_id: str | None) -> str | None:
        """Return the room's name, if an answer of the last minutes tells it."""
        report = self.known(room_id) if room_id else None
        return report.name if report else None

    async def look_up(self, room_id: str) -> RoomReport:
        """Return what is known of a room, else ask MetaStudio. The report of an unknown room is empty.

        Raises:
            MetaStudioError: MetaStudio could not be asked.
        """
        if known := self.known(room_id):
            return known
        if self._clock() < self._blind_until:
            raise OperationUnknown(self._why_blind)
        try:
            report = await self._metastudio.room(room_id, seconds=READ_SECONDS)
        except RoomUnknown:
            report = RoomReport()
        except OperationUnknown as error:
            self._blind_until, self._why_blind = self._clock() + BLIND_SECONDS, error.reason
            raise
        self._keep(room_id, report)
        return report

    def _keep(self, room_id: str, report: RoomReport) -> None:
        self._told.pop(room_id, None)
        if len(self._told) >= MOST_ROOMS:
            del self._told[next(iter(self._told))]
        self._told[room_id] = _Told(report, self._clock())
