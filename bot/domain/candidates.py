"""Which jobs of a room a start of unknown outcome may have made. Pure.

Times are compared on MetaStudio's clock. A job that cannot be dated may be anybody's, so it is named to the
person and never denied.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.invocation import RoomInvocation
from bot.domain.job import JobReport

CLOCKS_APART = timedelta(seconds=5)
"""How much earlier than the start a job may seem to be made, as long as the clocks were not compared."""

ROUNDING = timedelta(seconds=2)
"""The same once they were: MetaStudio tells its times in whole seconds."""

NEARBY = timedelta(minutes=10)
"""A job that was made so long before or after the time in question is named, for clocks may be odd."""

FIRST_YEAR = 2015
"""A job cannot be older than the service: what says so has no date."""


@dataclass(frozen=True, slots=True)
class Times:
    """When the job of a start can have been made, on MetaStudio's clock; `now` is the time there."""

    earliest: datetime
    latest: datetime
    now: datetime

    @classmethod
    def of(
        cls, start: RoomInvocation, *, offset: timedelta | None, window: timedelta, now: datetime
    ) -> "Times":
        """The times of a start.

        Args:
            offset: how far MetaStudio's clock is ahead of this machine's, if that is known.
            window: how long after the start was asked for its call may be sent and carried out.
            now: the time by this machine's clock.
        """
        asked_at = start.created_at + (offset or timedelta())
        early = CLOCKS_APART if offset is None else ROUNDING
        return cls(asked_at - early, asked_at + window, now + (offset or timedelta()))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Jobs that may be a start's own: by their time, by no time at all, or by a time that is nearly right."""

    timely: tuple[JobReport, ...] = ()
    undated: tuple[JobReport, ...] = ()
    nearby: tuple[JobReport, ...] = ()

    @property
    def all(self) -> tuple[JobReport, ...]:
        """All of them; what is nearly right counts only where nothing is better."""
        return (*self.timely, *self.undated) or self.nearby

    @property
    def only_one(self) -> JobReport | None:
        """The job that is surely new, if there is one and nothing else that may be the start's."""
        return self.timely[0] if len(self.timely) == 1 and not self.undated else None


def candidates(
    start: RoomInvocation,
    reports: Iterable[JobReport],
    times: Times,
    *,
    known: AbstractSet[str] = frozenset(),
) -> Candidates:
    """Sort a room's jobs out.

    Args:
        known: the jobs that are somebody's, and those that were there before the start.
    """
    timely, undated, nearby = [], [], []
    for report in reports:
        if report.job_id in known or not _may_be_of(start, report):
            continue
        made = report.create_time
        if made is None or made.year < FIRST_YEAR or made > max(times.now + CLOCKS_APART, times.latest):
            undated.append(report)
        elif times.earliest <= made <= times.latest:
            timely.append(report)
        elif times.earliest - NEARBY <= made <= times.latest + NEARBY:
            nearby.append(report)
    return Candidates(tuple(timely), tuple(undated), tuple(nearby))


def _may_be_of(start: RoomInvocation, report: JobReport) -> bool:
    return not report.client_id or report.client_id == start.request.client_id
