"""The jobs that were started, and their present states."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from bot.sandbox.metastudio.job import Job, JobLife
from bot.sandbox.metastudio.parameters import StartRequest
from bot.sandbox.metastudio.plans import FinishReason, JobState, plan_for
from bot.sandbox.metastudio.refusals import JOB_FINISHED, JOB_UNKNOWN, RefusedError
from bot.sandbox.metastudio.rtc import open_rtc_room

_LIVING = frozenset({JobState.WAITING, JobState.PROCESSING})


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job at one moment, for tests and for the page, without credentials. Times are Unix seconds."""

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
    error_code: str | None


class Jobs:
    """All jobs ever started, in the order of their starts.

    The jobs of a room are indexed by room. Living jobs are also indexed separately: callers ask for them
    every few seconds, and a room may have thousands of ended jobs.
    """

    def __init__(self, clock: Callable[[], float], pace: float) -> None:
        self._clock = clock
        self._pace = pace
        self._jobs: dict[str, Job] = {}
        self._ids_by_room: defaultdict[str, list[str]] = defaultdict(list)
        self._maybe_living: defaultdict[str, list[str]] = defaultdict(list)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def start(self, room_id: str, request: StartRequest, app_user_id: str | None) -> Job:
        """Create a job. There is no idempotency: two calls create two jobs."""
        now = self._clock()
        job_id = str(uuid.uuid4())
        rtc_room = open_rtc_room(room_id, job_id, now)
        life = JobLife.planned(plan_for(room_id), now, self._pace)
        job = Job(job_id, room_id, request, app_user_id, rtc_room, life)
        self._jobs[job_id] = job
        self._ids_by_room[room_id].append(job_id)
        self._maybe_living[room_id].append(job_id)
        return job

    def find(self, room_id: str, job_id: str) -> Job:
        """Return the job with this ID in this room."""
        job = self._jobs.get(job_id)
        if job is None or job.room_id != room_id:
            raise RefusedError(JOB_UNKNOWN)
        return job

    def stop(self, room_id: str, job_id: str) -> None:
        """End a job at once."""
        job, now = self.find(room_id, job_id), self._clock()
        if not job.lives(now):
            raise RefusedError(JOB_FINISHED)
        self._jobs[job_id] = replace(job, stopped_at=now)

    def of_room(self, room_id: str, now: float, states: Collection[str] | None = None) -> list[Job]:
        """Return a room's jobs, newest first: all of them, or those in one of the states."""
        if states is None:
            return self._named(self._ids_by_room.get(room_id, ()))
        if _LIVING.issuperset(states):
            jobs = self._living(room_id, now)
        else:
            jobs = self._named(self._ids_by_room.get(room_id, ()))
        return [job for job in jobs if job.state(now) in states]

    def made_by_room(self) -> dict[str, int]:
        """Return the number of jobs created in each room that has any."""
        return {room_id: len(ids) for room_id, ids in self._ids_by_room.items()}

    def snapshots(self, room_id: str | None = None, latest: int | None = None) -> list[JobSnapshot]:
        """Return jobs as they are now, oldest first: all, those of a room, or only the `latest` ones."""
        now = self._clock()
        ids = self._jobs if room_id is None else self._ids_by_room.get(room_id, [])
        newest_first = (self._jobs[job_id] for job_id in islice(reversed(ids), latest))
        return [_snapshot(job, now) for job in newest_first][::-1]

    def _named(self, ids: Collection[str]) -> list[Job]:
        return [self._jobs[job_id] for job_id in ids][::-1]

    def _living(self, room_id: str, now: float) -> list[Job]:
        """Return a room's living jobs, newest first, and drop ended ones from the index."""
        maybe = self._maybe_living.get(room_id, [])
        maybe[:] = [job_id for job_id in maybe if self._jobs[job_id].lives(now)]
        return self._named(maybe)


def _snapshot(job: Job, now: float) -> JobSnapshot:
    error = job.error(now)
    return JobSnapshot(
        job_id=job.job_id,
        room_id=job.room_id,
        region=job.request.region,
        room_type=job.request.room_type,
        client_id=job.request.client_id,
        app_user_id=job.app_user_id,
        state=job.state(now),
        created_at=job.life.created_at,
        ended_at=job.ended_at(now),
        finish_reason=job.finish_reason(now),
        error_code=None if error is None else error.code,
    )
