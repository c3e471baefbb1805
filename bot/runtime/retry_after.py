"""`Retry-After` → seconds: a number, or a moment that is compared with the answer's own `Date`. Pure."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long the answer asks to wait, however long that is; None where it does not say, or says nonsense.

    A moment is compared with the clock of the machine that named it: this machine's may be off. What lies in
    the past is no wait.

    Args:
        headers: of the answer, whose names are found in whatever case.
    """
    wish = headers.get("Retry-After", "")
    with suppress(ValueError):
        seconds = float(wish)
        return None if isnan(seconds) else max(0.0, seconds)
    until, now = http_date(wish), http_date(headers.get("Date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def http_date(text: str) -> datetime | None:
    """The moment that a header names; without a zone it counts as UTC. None where it names none."""
    with suppress(ValueError, OverflowError):
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
