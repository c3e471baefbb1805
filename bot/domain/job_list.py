"""The jobs that a person is shown: what starts and runs, what has just ended, and what others started."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

from bot.domain.candidates import CLOCKS_APART, FIRST_YEAR
from bot.domain.invocation import JobInvocation, JobState, RoomInvocation

LATELY = timedelta(hours=1)
"""How long a job that has ended stays in the list."""


NEAR = timedelta(days=1)


class Outside(Enum):
    """What the list says of jobs that were started outside Slack. `SOME`: not all rooms were looked at."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideJob:
    """A job that was started outside Slack, in a room that the bot knows."""

    room_id: str
    job_id: str
    state: JobState
    room_name: str | None = None
    region: str | None = None
    since: datetime | None = None

    def may_be_of(self, asked_at: datetime, now: datetime) -> bool:
        """Return True if a start of that time, whose outcome is not known, may have made the job.

        Clocks differ, so a whole day is left on both sides. A date that cannot be right is none.
        """
        made = self.since
        if made is None or made.year < FIRST_YEAR or made > now + CLOCKS_APART:
            return True
        return abs(made - asked_at) <= NEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """The newest jobs, as far as a person may see them, and how many there are of each kind.

    `unknown` are starts whose outcome is unknown. `hidden` is the number of running jobs that the person may
    not see.
    """

    under_way: Sequence[RoomInvocation] = ()
    unknown: Sequence[RoomInvocation] = ()
    ended: Sequence[JobInvocation] = ()
    outside: Sequence[OutsideJob] = ()
    under_way_total: int = 0
    ended_total: int = 0
    hidden: int = 0
    looked_outside: Outside = Outside.NONE


Listed: TypeAlias = RoomInvocation | OutsideJob
"""One line of the list."""

May: TypeAlias = Callable[[str, Listed], bool]
"""Returns True if the person may use the button with this action ID on this job or start."""
