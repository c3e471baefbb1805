"""The words of the domain as types: what is asked for, and one use of the bot by one person."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeAlias, cast

from typing_extensions import TypeIs, TypeVar

from bot.errors import Answer
from bot.reasons import Reason

REGION_NAMES = {"cn-north-4": "CN North-Beijing4", "cn-southwest-2": "CN Southwest-Guiyang1"}
"""Regions by MetaStudio's names (start call, Table 3)."""


class RoomType(StrEnum):
    """`room_type` of the start call (Table 3). Left out, MetaStudio takes RTC."""

    RTC = "RTC"
    METALINK = "METALINK"


class Action(StrEnum):
    """What somebody wanted of the bot."""

    START = "start"
    STOP = "stop"
    JOBS = "jobs"
    RTC_ACCESS = "rtc_access"
    LOOK = "look"
    ADOPT = "adopt"
    HELP = "help"


class Source(StrEnum):
    """The way by which they asked."""

    COMMAND = "command"
    BUTTON = "button"


class ChannelKind(StrEnum):
    """Who can read a channel: everybody in the workspace, its members, or the people of a direct message."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class Status(StrEnum):
    """Where an invocation stands.

    received ─→ starting ─→ started | failed | unknown ─→ started      (its job was found)
             ├─→ refused
             ├─→ failed                 (never sent)
             └─→ done                   (whatever is no start)

    `done`, `invalid` and `refused` are also what a row can be written as from the first.
    """

    RECEIVED = "received"
    STARTING = "starting"
    STARTED = "started"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    INVALID = "invalid"
    DONE = "done"


class JobState(StrEnum):
    """Where a job stands, in our words; each but the first two is an end, `gone` one that nobody saw."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    ENDED = "ended"
    SILENT = "silent"
    UNJOINED = "unjoined"
    STOPPED = "stopped"
    FAILED = "failed"
    GONE = "gone"

    @property
    def is_over(self) -> bool:
        """Whether nothing comes after it."""
        return self not in {JobState.ACCEPTED, JobState.RUNNING}

    def follows(self, other: "JobState") -> bool:
        """Whether a job may go from `other` to this: answers that arrive late do not turn it back."""
        return not other.is_over and (self.is_over or other is JobState.ACCEPTED) and self is not other


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who asked, where, and how they can be answered.

    `foreign_team_id` is the workspace of a person who is not of the bot's own (Slack Connect), else None.
    `response_url` and `trigger_id` are secrets while they work: no repr shows them.
    """

    user_id: str
    foreign_team_id: str | None = None
    team_id: str | None = None
    enterprise_id: str | None = None
    channel_id: str | None = None
    channel_kind: ChannelKind | None = None
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The checked arguments of one start. What is None is left out of the call.

    What is about a job that is there only has the room. Once MetaStudio has chosen a region, it stands here.
    """

    room_id: str
    region: str | None = None
    room_type: RoomType | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The job that an invocation made, or that it is about.

    `state` is what the announcement shows, and on a stop what it made of the job. `configuration` is what
    MetaStudio said of the voices and the picture, as JSON and without its `rtc_room_info`. `started_at` is
    when the job was known to be started, `adopted_at` when it was found after its answer was lost, `ended_at`
    when its end was seen.
    """

    job_id: str
    state: JobState | None = None
    configuration: str | None = None
    started_at: datetime | None = None
    adopted_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When people were told what came of an invocation, and by which message, if it can be found again."""

    announced_at: datetime | None = None
    channel: str | None = None
    ts: str | None = None


NO_ANSWER = Answer()
NOT_TOLD = Told()

RequestT_co = TypeVar("RequestT_co", bound=StartRequest | None, default=StartRequest | None, covariant=True)
JobT_co = TypeVar("JobT_co", bound=Job | None, default=Job | None, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation(Generic[RequestT_co, JobT_co]):
    """One use of the bot: a row of the log.

    `RoomInvocation` and `JobInvocation` are those of which the room, or the room and the job, are known.

    Times are aware datetimes in UTC; `latency_ms` runs from receipt to MetaStudio's answer. `previous_id`
    names the invocation whose button led to this one; no two rows name the same. Past its `lease_until` any
    process may claim the row.
    """

    id: str
    created_at: datetime
    action: Action
    source: Source
    status: Status
    origin: Origin
    text: str = ""
    request: RequestT_co
    room_name: str | None = None
    previous_id: str | None = None
    reason: Reason | None = None
    answer: Answer = NO_ANSWER
    job: JobT_co
    latency_ms: int | None = None
    told: Told = NOT_TOLD
    lease_until: datetime | None = None

    def asking_for(self, request: StartRequest) -> "Invocation[StartRequest, JobT_co]":
        """The same with what was asked for."""
        row: Invocation = self
        return cast("Invocation[StartRequest, JobT_co]", replace(row, request=request))

    def about_job(self, room_id: str, job_id: str) -> "JobInvocation":
        """The same about a job."""
        row: Invocation = self
        return cast("JobInvocation", replace(row, request=StartRequest(room_id), job=Job(job_id=job_id)))

    @property
    def made_no_job(self) -> bool:
        """Whether it is a start that certainly made none."""
        return self.status in {Status.FAILED, Status.REFUSED}

    def is_visible_to(self, asking: "Invocation") -> bool:
        """Whether the person may read of this one where they ask: it is theirs, of that channel, or public.

        A person of another workspace cannot read the public channels of the bot's.
        """
        mine, theirs = self.origin, asking.origin
        is_public = mine.channel_kind is ChannelKind.PUBLIC and theirs.foreign_team_id is None
        is_here = mine.channel_id is not None and mine.channel_id == theirs.channel_id
        return is_public or is_here or mine.user_id == theirs.user_id


RoomInvocation: TypeAlias = Invocation[StartRequest, Job | None]
"""One of which the room is known, as of each start that could be understood."""

JobInvocation: TypeAlias = Invocation[StartRequest, Job]
"""One of which the room and the job are known: a start that made a job, or what is about a job."""


def has_room(invocation: Invocation) -> TypeIs[RoomInvocation]:
    """Whether its room is known."""
    return invocation.request is not None


def has_job(invocation: Invocation) -> TypeIs[JobInvocation]:
    """Whether its room and its job are known."""
    return invocation.request is not None and invocation.job is not None
