"""The world of the state machine of starts: time, jobs in the cloud, and the messages to people."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.invocation import StartRequest
from bot.domain.job import JobReport
from tests.metastudio.cloud import NOON

START_SECONDS = 30.0
OVER = ("SUCCEED", "FAILED", "DELETING")
ACCEPTED, TAKEN = "accepted", "taken"


@dataclass
class Job:
    """A job in the cloud. A late job is missing in the first list of its room."""

    job_id: str
    room_id: str
    client_id: str | None
    made_by: str | None
    made_at: datetime
    shows_late: bool = False
    states: list[str] = field(default_factory=lambda: ["WAITING"])
    stopped_by: str | None = None

    def __post_init__(self) -> None:
        self.is_hidden = self.shows_late

    @property
    def is_over(self) -> bool:
        return self.states[-1] in OVER

    def go_to(self, state: str) -> None:
        if not self.is_over and state not in self.states:
            self.states.append(state)

    def report(self, *, stale: bool = False) -> JobReport:
        """Return its state, or its state before that if `stale`."""
        return JobReport(
            job_id=self.job_id,
            state=self.states[-2 if stale and len(self.states) > 1 else -1],
            client_id=self.client_id,
            create_time=self.made_at,
        )


@dataclass
class World:
    """What outlives each process: time, the cloud, the messages that people have read, and the faults."""

    now: datetime = NOON
    jobs: dict[str, Job] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    starts: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    lists_fail: int = 0
    stale_reports: int = 0
    slack_fails: int = 0
    log_fails: int = 0
    doors: list[tuple[datetime, asyncio.Event]] = field(default_factory=list)
    announced: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shown: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def make_job(self, request: StartRequest, made_by: str | None, *, shows_late: bool = False) -> Job:
        job_id = f"job-{len(self.jobs) + 1}"
        job = Job(job_id, request.room_id, request.client_id, made_by, self.now, shows_late)
        self.jobs[job_id] = job
        return job

    def heal(self) -> None:
        """End all faults, and deliver all that is late."""
        self.starts.clear()
        self.stops.clear()
        self.lists_fail = self.stale_reports = self.slack_fails = self.log_fails = 0
        for job in self.jobs.values():
            job.is_hidden = False
        self.open_doors()

    def pass_time(self, seconds: int) -> None:
        """Let time pass; calls that exceed their time limit end."""
        self.now += timedelta(seconds=seconds)
        self.open_doors(since=self.now - timedelta(seconds=START_SECONDS))

    def open_doors(self, since: datetime | None = None) -> None:
        """Deliver the delayed answers, all or only those since a time."""
        for shut, door in self.doors:
            if since is None or shut <= since:
                door.set()
