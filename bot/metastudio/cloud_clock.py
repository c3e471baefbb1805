"""How far MetaStudio's clock is from this machine's, learnt from the `Date` header of its answers.

The header has whole seconds and is written when the answer begins, so what it says is right to a second.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.runtime.retry_after import http_date

SECOND = timedelta(seconds=1)
MOST_ON_THE_WAY = timedelta(seconds=0.5)
"""Of the time that an answer takes, what the way back may take; more is the cloud's own work."""

FURTHEST = timedelta(days=100 * 365)
"""An offset beyond it is nonsense, and times that are moved by it may be beyond the calendar."""


class CloudClock:
    """Learns the offset. `now` is this machine's clock; it may be set at any time, so the latest counts."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.offset: timedelta | None = None

    def learn(self, headers: Mapping[str, str], sent_at: datetime, answered_at: datetime) -> None:
        """Take note of an answer: of the middle of its second and of half the way there and back."""
        told = http_date(headers.get("Date", ""))
        took = answered_at - sent_at
        if told is not None and took >= timedelta():  # else this clock was set back in between
            written_at = answered_at - min(took / 2, MOST_ON_THE_WAY)
            offset = told + SECOND / 2 - written_at
            if abs(offset) <= FURTHEST:
                self.offset = offset
