"""One job: one run of a room.

Its state is computed from the clock whenever somebody looks, so nothing runs in the background and a test
lives through a job's whole life by moving its clock.
"""

from dataclasses import dataclass, field

from bot.sandbox.metastudio.parameters import StartRequest
from bot.sandbox.metastudio.plans import STOPPED, Ending, FinishReason, JobPlan, JobState
from bot.sandbox.metastudio.refusals import Refusal
from bot.sandbox.metastudio.rtc import RtcRoom


@dataclass(frozen=True, slots=True)
class JobLife:
    """The moments of a job's life as planned, in Unix seconds: it comes, it runs, it ends by itself."""

    created_at: float
    runs_at: float
    ends_at: float
    ending: Ending

    @classmethod
    def planned(cls, plan: JobPlan, now: float, pace: float) -> "JobLife":
        """A life that begins now; `pace` multiplies its lengths, so 0.1 is ten times as fast."""
        runs_at = now + plan.waiting_seconds * pace
        return cls(now, runs_at, runs_at + plan.running_seconds * pace, plan.ending)


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a room. Its RTC room holds credentials and stays out of `repr`."""

    job_id: str
    room_id: str
    wishes: StartRequest
    app_user_id: str | None
    rtc_room: RtcRoom = field(repr=False)
    life: JobLife
    stopped_at: float | None = None

    def lives(self, now: float) -> bool:
        """Whether it waits or runs at a moment (Unix seconds)."""
        return now < self.ends_at

    def state(self, now: float) -> JobState:
        """Where the job is at a moment."""
        if not self.lives(now):
            return self._ending.state
        return JobState.WAITING if now < self.life.runs_at else JobState.PROCESSING

    @property
    def ends_at(self) -> float:
        """When it ended or will end."""
        return self.life.ends_at if self.stopped_at is None else self.stopped_at

    def started_at(self, now: float) -> float | None:
        """When it began to run; nothing for a job that has not, or ended before it could."""
        return self.life.runs_at if self.life.runs_at <= now and self.life.runs_at < self.ends_at else None

    def ended_at(self, now: float) -> float | None:
        """When it ended; nothing while it lives."""
        return None if self.lives(now) else self.ends_at

    def finish_reason(self, now: float) -> FinishReason | None:
        """Why it ended; nothing while it lives, and for a job that failed."""
        return None if self.lives(now) else self._ending.finish_reason

    def error(self, now: float) -> Refusal | None:
        """What it failed for, if it did."""
        return None if self.lives(now) else self._ending.error

    def seconds_run(self, now: float) -> float:
        """How long it has been running, or ran."""
        return max(0.0, min(now, self.ends_at) - self.life.runs_at)

    def changed_at(self, now: float) -> float:
        """When its state changed last."""
        moments = (self.life.created_at, self.started_at(now), self.ended_at(now))
        return max(moment for moment in moments if moment is not None)

    @property
    def _ending(self) -> Ending:
        return self.life.ending if self.stopped_at is None else STOPPED
