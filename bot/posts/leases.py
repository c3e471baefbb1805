"""The leases under which this process claims posts. Each differs, because a lease identifies its holder."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta


class Leases:
    """Makes leases of one length, and remembers those under which work goes on."""

    def __init__(self, length: timedelta, *, now: Callable[[], datetime]) -> None:
        self._length = length
        self._now = now
        self._last = datetime.min.replace(tzinfo=UTC)
        self._kept: dict[datetime, str] = {}

    def new(self) -> datetime:
        """Return the end of a new lease."""
        lease = self._now() + self._length
        if timedelta() <= self._last - lease < timedelta(seconds=1):
            lease = self._last + timedelta(microseconds=1)
        self._last = lease
        return lease

    def keep(self, invocation_id: str) -> datetime:
        """Return a new lease for posts of an invocation. Remember it until it is forgotten."""
        lease = self.new()
        self._kept[lease] = invocation_id
        return lease

    def forget(self, lease: datetime | None) -> None:
        """Forget a lease because the work under it is over."""
        if lease is not None:
            self._kept.pop(lease, None)

    @property
    def kept(self) -> Sequence[tuple[datetime, str]]:
        """The leases under which work goes on or was cut short, with their invocations."""
        return tuple(self._kept.items())
