"""The jobs that were started, and what has become of them.

A job's state is computed from the clock whenever somebody looks, so nothing runs in the background and a
test lives through a job's whole life by moving its clock.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.sandbox.metastudio.parameters import StartRequest
from bot.sandbox.metastudio.refusals import JOB_FINISHED, JOB_UNKNOWN, RefusedError
from bot.sandbox.metastudio.rtc import RtcRoom, open_rtc_room

_WAITING_SECONDS = 3.0
_PROCESSING_SECONDS = 120.0


class JobState(StrEnum):
    """The cloud's names for the states that jobs go through here; SUCCEED means ended normally."""

    WAITING = "WAITING"
    PROCESSING = "PROCESSING"
    SUCCEED = "SUCCEED"


class FinishReason(StrEnum):
    """Why a job ended: somebody stopped it, or nobody spoke for too long."""

    NORMAL = "NORMAL"
    MUTE_TIMEOUT = "MUTE_TIMEOUT"


@dataclass(frozen=True, slots=True)
class JobLife:
    """The moments of a job's life as planned, in Unix seconds: it comes, it runs, it ends by itself."""

    created_at: float
    runs_at: float
    ends_at: float

    @classmethod
    def planned(cls, now: float, pace: float) -> "JobLife":
        """A life that begins now; `pace` multiplies its lengths, so 0.1 is ten times as fast."""
        runs_at = now + _WAITING_SECONDS * pace
        return cls(now, runs_at, runs_at + _PROCESSING_SECONDS * pace)


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

    def state(self, now: float) -> JobState:
        """Where the job is at a moment (Unix seconds)."""
        if now >= self.ends_at:
            return JobState.SUCCEED
        return JobState.WAITING if now < self.life.runs_at else JobState.PROCESSING

    @property
    def ends_at(self) -> float:
        """When it ended or will end."""
        return self.life.ends_at if self.stopped_at is None else self.stopped_at

    def started_at(self, now: float) -> float | None:
        """When it began to run; nothing for a job that has not, or was stopped before it could."""
        return self.life.runs_at if self.life.runs_at <= min(now, self.ends_at) else None

    def ended_at(self, now: float) -> float | None:
        """When it ended; nothing while it lives."""
        return self.ends_at if now >= self.ends_at else None

    def finish_reason(self, now: float) -> FinishReason | None:
        """Why it ended; nothing while it lives."""
        if now < self.ends_at:
            return None
        return FinishReason.MUTE_TIMEOUT if self.stopped_at is None else FinishReason.NORMAL

    def seconds_run(self, now: float) -> float:
        """How long it has been running, or ran."""
        return max(0.0, min(now, self.ends_at) - self.life.runs_at)

    def changed_at(self, now: float) -> float:
        """When its state changed last."""
        moments = (self.life.created_at, self.started_at(now), self.ended_at(now))
        return max(moment for moment in moments if moment is not None)


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job at one moment, for tests and for the page; it holds no credential. Times are Unix seconds."""

    job_id: str
    room_id: str
    region: str
    room_type: str
    client_id: str | None
    app_user_id: str | None
    state: JobState
    created_at: float
    ended_at: float | None
    finish_reason: FinishReason | None


class Jobs:
    """All jobs ever started, in the order of their starts."""

    def __init__(self, clock: Callable[[], float], pace: float) -> None:
        self._clock = clock
        self._pace = pace
        self._jobs: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def start(self, room_id: str, wishes: StartRequest, app_user_id: str | None) -> Job:
        """Make a job. There is no idempotency: asking twice makes two."""
        now = self._clock()
        job_id = str(uuid.uuid4())
        rtc_room = open_rtc_room(room_id, job_id, now)
        job = Job(job_id, room_id, wishes, app_user_id, rtc_room, JobLife.planned(now, self._pace))
        self._jobs[job_id] = job
        return job

    def find(self, room_id: str, job_id: str) -> Job:
        """The job of that room with that id."""
        job = self._jobs.get(job_id)
        if job is None or job.room_id != room_id:
            raise RefusedError(JOB_UNKNOWN)
        return job

    def stop(self, room_id: str, job_id: str) -> None:
        """End a job at once."""
        job, now = self.find(room_id, job_id), self._clock()
        if job.state(now) is JobState.SUCCEED:
            raise RefusedError(JOB_FINISHED)
        self._jobs[job_id] = replace(job, stopped_at=now)

    def of_room(self, room_id: str) -> list[Job]:
        """The jobs of a room, the newest first."""
        return [job for job in reversed(self._jobs.values()) if job.room_id == room_id]

    def snapshots(self) -> list[JobSnapshot]:
        """All jobs as they are now, the oldest first."""
        now = self._clock()
        return [
            JobSnapshot(
                job_id=job.job_id,
                room_id=job.room_id,
                region=job.wishes.region,
                room_type=job.wishes.room_type,
                client_id=job.wishes.client_id,
                app_user_id=job.app_user_id,
                state=job.state(now),
                created_at=job.life.created_at,
                ended_at=job.ended_at(now),
                finish_reason=job.finish_reason(now),
            )
            for job in self
        ]
