"""Convert `Retry-After` to seconds. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the answer asks to wait; None if it does not say or if the value is invalid.

    A date is compared with the answer's own `Date`, because our clock may be off. A date in the past means no
    wait.

    Args:
        headers: the answer's headers; their names are found in any case.
    """
    wish = headers.get("Retry-After", "")
    with suppress(ValueError):
        seconds = float(wish)
        return None if isnan(seconds) else max(0.0, seconds)
    until, now = http_date(wish), http_date(headers.get("Date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def http_date(text: str) -> datetime | None:
    """Parse a header's date; without a time zone it counts as UTC. None if it is not a date."""
    with suppress(ValueError, OverflowError):
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
