"""Choose the room to look at next. No I/O; the clock is passed in."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from operator import attrgetter

from bot.domain.invocation import JobState
from bot.runtime.backoff import Backoff
from bot.store.watched_jobs import WatchedJob

STARTING_SECONDS = 2.0
"""Seconds between looks at a room with a job that starts or is being stopped; MetaStudio's minimum."""

RUNNING_SECONDS = 10.0
LONGEST_SECONDS = 120.0
"""The longest time between looks at a room after repeated failures, unless the interval is longer anyway."""

SHARE_FOR_RUNNING = 0.5
"""The share of the allowed reads that rooms with only running jobs may use."""


@dataclass(slots=True)
class Room:
    """A room with jobs to follow, by the IDs of their rows: two starts may have the same job.

    `due` is infinite while somebody looks at the room.
    """

    room_id: str
    due: float
    jobs: dict[str, WatchedJob] = field(default_factory=dict)
    failures: int = 0

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody has taken the room and has not given it back."""
        return self.due == inf

    @property
    def changes_soon(self) -> bool:
        """Whether one of its jobs is about to run or to end."""
        return any(job.is_hurried or job.seen is JobState.ACCEPTED for job in self.jobs.values())


class DueRooms:
    """The rooms, each with the time when it is due. `clock` is monotonic, in seconds.

    The room that is due first is found by going through all of them: 0.2 ms with 5,000 rooms (measured).
    """

    def __init__(self, *, reads_per_second: float, clock: Callable[[], float]) -> None:
        self._reads_per_second = reads_per_second
        self._clock = clock
        self._rooms: dict[str, Room] = {}
        self._room_of: dict[str, Room] = {}
        self._rows_of: defaultdict[str, set[str]] = defaultdict(set)

    def __contains__(self, invocation_id: str) -> bool:
        return invocation_id in self._room_of

    def add(self, job: WatchedJob) -> None:
        """Follow a job; its room is due at once."""
        room = self._rooms.get(job.room_id)
        if room is None:
            room = self._rooms[job.room_id] = Room(job.room_id, due=self._clock())
        else:
            self._bring_forward(room)
        room.jobs[job.invocation_id] = job
        self._room_of[job.invocation_id] = room
        self._rows_of[job.job_id].add(job.invocation_id)

    def hurry(self, job_id: str) -> None:
        """Look at the job's room now, and often from now on: the job is about to end."""
        for invocation_id in self._rows_of.get(job_id, ()):
            room = self._room_of[invocation_id]
            if not room.jobs[invocation_id].is_hurried:
                room.jobs[invocation_id].is_hurried = True
                self._bring_forward(room)

    def remove(self, invocation_id: str) -> None:
        """Stop following the job of a row."""
        room = self._room_of.pop(invocation_id, None)
        if room is not None:
            job_id = room.jobs.pop(invocation_id).job_id
            self._rows_of[job_id].discard(invocation_id)
            if not self._rows_of[job_id]:
                del self._rows_of[job_id]
            if not room.jobs and not room.is_looked_at:
                del self._rooms[room.room_id]

    def clear(self) -> None:
        """Stop following all jobs, also in rooms that somebody looks at."""
        for room in self._rooms.values():
            room.jobs.clear()
        self._rooms.clear()
        self._room_of.clear()
        self._rows_of.clear()

    def take(self) -> Room | None:
        """Return the room that has been due longest; give it back after the look. None where none is due."""
        room = min(self._rooms.values(), key=attrgetter("due"), default=None)
        if room is None or room.due > self._clock():
            return None
        room.due = inf
        return room

    def give_back(self, room: Room, *, failed: bool = False) -> None:
        """Set when the room is due again, if it still has jobs to follow."""
        if self._rooms.get(room.room_id) is not room:
            return
        if not room.jobs:
            del self._rooms[room.room_id]
            return
        room.failures = room.failures + 1 if failed else 0
        room.due = self._clock() + self._interval(room)

    def _interval(self, room: Room) -> float:
        interval = STARTING_SECONDS
        if not room.changes_soon:
            interval = max(RUNNING_SECONDS, len(self._rooms) / (self._reads_per_second * SHARE_FOR_RUNNING))
        slowed = Backoff(first=interval, longest=LONGEST_SECONDS).pause(room.failures + 1)
        return max(interval, slowed)

    def _bring_forward(self, room: Room) -> None:
        """Make a room due now, unless it is being looked at or is due already."""
        if not room.is_looked_at:
            room.due = min(room.due, self._clock())
