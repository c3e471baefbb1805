"""One job: one run of a room.

Its state is computed from the clock on each read. Nothing runs in the background, and a test moves its clock
to go through a job's whole life.
"""

from dataclasses import dataclass, field

from bot.sandbox.metastudio.parameters import StartRequest
from bot.sandbox.metastudio.plans import STOPPED, Ending, FinishReason, JobPlan, JobState
from bot.sandbox.metastudio.refusals import Refusal
from bot.sandbox.metastudio.rtc import RtcRoom


@dataclass(frozen=True, slots=True)
class JobLife:
    """The planned times of a job, in Unix seconds: created, running, ended."""

    created_at: float
    runs_at: float
    ends_at: float
    ending: Ending

    @classmethod
    def planned(cls, plan: JobPlan, now: float, pace: float) -> "JobLife":
        """Plan the times from now on; `pace` multiplies the durations, so 0.1 is ten times as fast."""
        runs_at = now + plan.waiting_seconds * pace
        return cls(now, runs_at, runs_at + plan.running_seconds * pace, plan.ending)


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a room. Its RTC room holds credentials and stays out of `repr`."""

    job_id: str
    room_id: str
    request: StartRequest
    app_user_id: str | None
    rtc_room: RtcRoom = field(repr=False)
    life: JobLife
    stopped_at: float | None = None

    def lives(self, now: float) -> bool:
        """Return whether it waits or runs at this time (Unix seconds)."""
        return now < self.ends_at

    def state(self, now: float) -> JobState:
        """Return its state at this time."""
        if not self.lives(now):
            return self._ending.state
        return JobState.WAITING if now < self.life.runs_at else JobState.PROCESSING

    @property
    def ends_at(self) -> float:
        """The time when it ended or will end."""
        return self.life.ends_at if self.stopped_at is None else self.stopped_at

    def started_at(self, now: float) -> float | None:
        """Return when it began to run; None if it has not, or ended before."""
        return self.life.runs_at if self.life.runs_at <= now and self.life.runs_at < self.ends_at else None

    def ended_at(self, now: float) -> float | None:
        """Return when it ended; None before that."""
        return None if self.lives(now) else self.ends_at

    def finish_reason(self, now: float) -> FinishReason | None:
        """Return why it ended; None before that, and for a failed job."""
        return None if self.lives(now) else self._ending.finish_reason

    def error(self, now: float) -> Refusal | None:
        """Return the error that it failed with; None if it did not fail."""
        return None if self.lives(now) else self._ending.error

    def seconds_run(self, now: float) -> float:
        """Return how long it has been running, or ran."""
        return max(0.0, min(now, self.ends_at) - self.life.runs_at)

    def changed_at(self, now: float) -> float:
        """Return when its state last changed."""
        moments = (self.life.created_at, self.started_at(now), self.ended_at(now))
        return max(moment for moment in moments if moment is not None)

    @property
    def _ending(self) -> Ending:
        return self.life.ending if self.stopped_at is None else STOPPED
