"""Learn the offset between MetaStudio's clock and ours from the `Date` header of its answers.

The header has whole seconds and is written when the answer begins, so it is exact to one second.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.runtime.retry_after import http_date

SECOND = timedelta(seconds=1)
MAX_RETURN_TIME = timedelta(seconds=0.5)
"""Maximum time of an answer on its way back. If a call takes longer, the cloud has worked in that time."""

MAX_OFFSET = timedelta(days=100 * 365)
"""The largest plausible offset; a larger one could move times out of the calendar's range."""


class CloudClock:
    """The offset of the cloud's clock, from the newest answer only: our clock `now` may be reset any time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.offset: timedelta | None = None

    def learn(self, headers: Mapping[str, str], sent_at: datetime, answered_at: datetime) -> None:
        """Learn from one answer: use the middle of its second, and half the round-trip time."""
        told = http_date(headers.get("Date", ""))
        took = answered_at - sent_at
        if told is not None and took >= timedelta():  # else our clock was set back in between
            written_at = answered_at - min(took / 2, MAX_RETURN_TIME)
            offset = told + SECOND / 2 - written_at
            if abs(offset) <= MAX_OFFSET:
                self.offset = offset
