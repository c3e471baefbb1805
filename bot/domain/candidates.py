"""Find the jobs of a room that a start of unknown outcome may have made. Pure.

Times are compared on MetaStudio's clock. A job without a usable date may be anybody's, so the person is
always told about it.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.invocation import RoomInvocation
from bot.domain.job import JobReport

CLOCKS_APART = timedelta(seconds=5)
"""Tolerance before the clocks were compared: a job may seem to be this much older than its start."""

ROUNDING = timedelta(seconds=2)
"""Tolerance after the clocks were compared: MetaStudio gives times in whole seconds."""

NEARBY = timedelta(minutes=10)
"""A job that was made up to this long before or after the expected time is named too: clocks may be wrong."""

FIRST_YEAR = 2015
"""A job cannot be older than the service: an earlier date counts as no date."""


@dataclass(frozen=True, slots=True)
class Times:
    """When the job of a start can have been made. All three times, `now` too, are on MetaStudio's clock."""

    earliest: datetime
    latest: datetime
    now: datetime

    @classmethod
    def of(
        cls, start: RoomInvocation, *, offset: timedelta | None, window: timedelta, now: datetime
    ) -> "Times":
        """The times of a start.

        Args:
            offset: how far MetaStudio's clock is ahead of this machine's; None if not known.
            window: the longest time from the command until MetaStudio has carried out the call.
            now: the time on this machine's clock.
        """
        asked_at = start.created_at + (offset or timedelta())
        early = CLOCKS_APART if offset is None else ROUNDING
        return cls(asked_at - early, asked_at + window, now + (offset or timedelta()))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Jobs that a start may have made.

    `timely` were made at the right time, `undated` have no usable date, and `nearby` were made somewhat
    earlier or later.
    """

    timely: tuple[JobReport, ...] = ()
    undated: tuple[JobReport, ...] = ()
    nearby: tuple[JobReport, ...] = ()

    @property
    def all(self) -> tuple[JobReport, ...]:
        """All candidates. `nearby` counts only if there are no others."""
        return (*self.timely, *self.undated) or self.nearby

    @property
    def only_one(self) -> JobReport | None:
        """The one timely job, if there is exactly one and no undated job."""
        return self.timely[0] if len(self.timely) == 1 and not self.undated else None


def candidates(
    start: RoomInvocation,
    reports: Iterable[JobReport],
    times: Times,
    *,
    known: AbstractSet[str] = frozenset(),
) -> Candidates:
    """Sort a room's jobs into candidates.

    Args:
        known: the jobs that belong to a start already, and those that existed before this start.
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
