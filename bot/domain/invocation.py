"""An invocation, one use of the bot by one person, and the types of its parts."""

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
    """`room_type` of the start call (Table 3). If it is left out, MetaStudio uses RTC."""

    RTC = "RTC"
    METALINK = "METALINK"


class Action(StrEnum):
    """What a person wants from the bot."""

    START = "start"
    STOP = "stop"
    JOBS = "jobs"
    DETAILS = "details"
    RTC_ACCESS = "rtc_access"
    LOOK = "look"
    ADOPT = "adopt"
    QUICK = "quick"
    HELP = "help"
    BREAK_GLASS = "break_glass"
    FORM = "form"


class Source(StrEnum):
    """How a person used the bot.

    With `break_glass`, the text is the reason for what the policy refuses. With `form`, it is what would have
    been typed instead. A button on the bot's Home tab is `home`: it stands in no channel.
    """

    COMMAND = "command"
    BUTTON = "button"
    HOME = "home"
    BREAK_GLASS = "break_glass"
    SHORTCUT = "shortcut"
    FORM = "form"


class ChannelKind(StrEnum):
    """Who can read a channel: everybody in the workspace, its members, or the people of a direct message."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class Status(StrEnum):
    """The status of an invocation.

    received ─→ starting ─→ started | failed | unknown ─→ started      (its job was found)
             ├─→ refused | invalid
             ├─→ failed                 (never sent)
             └─→ done                   (every use that is not a start)

    A row can also be created as `done`, `invalid` or `refused`.
    """

    RECEIVED = "received"
    STARTING = "starting"
    STARTED = "started"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    INVALID = "invalid"
    DONE = "done"


MADE_NO_JOB = (Status.FAILED, Status.REFUSED)
"""A start with one of these statuses certainly made no job."""


class JobState(StrEnum):
    """The state of a job in the bot's words. All but the first two are ends; nobody saw the end of `gone`."""

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
        """True if the job is over."""
        return self not in {JobState.ACCEPTED, JobState.RUNNING}

    def follows(self, other: "JobState") -> bool:
        """Return True if a job may change from `other` to this state: late answers do not turn it back."""
        return not other.is_over and (self.is_over or other is JobState.ACCEPTED) and self is not other


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The person, the place, and the addresses for an answer.

    `foreign_team_id` is the workspace of a person from another workspace than the bot's (Slack Connect), else
    None. `response_url` and `trigger_id` are secrets while they work, so no repr shows them.
    """

    user_id: str
    foreign_team_id: str | None = None
    team_id: str | None = None
    enterprise_id: str | None = None
    channel_id: str | None = None
    channel_kind: ChannelKind | None = None
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)


ROOM_BY_NAME = ""
"""The room ID of a start whose room is given by name and is not found yet. The row has NULL instead."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The checked arguments of one start. Arguments that are None are left out of the call.

    An invocation about an existing job only has the room. After MetaStudio has chosen a region, `region`
    holds it.
    """

    room_id: str
    region: str | None = None
    room_type: RoomType | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The job that an invocation made, or that it is about.

    `state` is the state in the announcement; for a stop it is the state after the stop. `configuration` is
    MetaStudio's voice and video configuration as JSON, without `rtc_room_info`. `started_at` is the time when
    the bot learnt that the job was started, `adopted_at` when it found a job whose answer was lost, and
    `ended_at` when it saw the end.
    """

    job_id: str
    state: JobState | None = None
    configuration: str | None = None
    started_at: datetime | None = None
    adopted_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When people were told the outcome of an invocation, and the message, if it can be edited."""

    announced_at: datetime | None = None
    channel: str | None = None
    ts: str | None = None


NO_ANSWER = Answer()
NOT_TOLD = Told()

RequestT_co = TypeVar("RequestT_co", bound=StartRequest | None, default=StartRequest | None, covariant=True)
JobT_co = TypeVar("JobT_co", bound=Job | None, default=Job | None, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation(Generic[RequestT_co, JobT_co]):
    """One use of the bot: a row of the invocation log.

    The room of a `RoomInvocation` is known; the room and the job of a `JobInvocation` are.

    Times are aware datetimes in UTC. `latency_ms` is the time from the receipt to MetaStudio's answer.
    `previous_id` is the ID of the invocation whose button led to this one; it is unique. `after_job_id` is
    the job that is stopped before this start is sent. After `lease_until` any process may claim the row.
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
    after_job_id: str | None = None
    reason: Reason | None = None
    answer: Answer = NO_ANSWER
    job: JobT_co
    latency_ms: int | None = None
    told: Told = NOT_TOLD
    lease_until: datetime | None = None

    def asking_for(self, request: StartRequest) -> "Invocation[StartRequest, JobT_co]":
        """Return the invocation with this request."""
        row: Invocation = self
        return cast("Invocation[StartRequest, JobT_co]", replace(row, request=request))

    def about_job(self, room_id: str, job_id: str) -> "JobInvocation":
        """Return the invocation with this job."""
        row: Invocation = self
        return cast("JobInvocation", replace(row, request=StartRequest(room_id), job=Job(job_id=job_id)))

    def in_channel(
        self, channel_id: str | None, kind: ChannelKind | None = None
    ) -> "Invocation[RequestT_co, JobT_co]":
        """Return the invocation as if it was made in this channel."""
        return replace(self, origin=replace(self.origin, channel_id=channel_id, channel_kind=kind))

    @property
    def made_no_job(self) -> bool:
        """True for a start that certainly made no job."""
        return self.status in MADE_NO_JOB

    def is_visible_to(self, asking: "Invocation") -> bool:
        """Return True if the person of `asking` may see this invocation in the channel of `asking`.

        They may if it is their own, from the same channel, or from a public channel of their workspace. In an
        organisation, other workspaces have public channels of their own. A person of another workspace cannot
        read those of the bot's workspace.
        """
        mine, theirs = self.origin, asking.origin
        in_team = None in {mine.team_id, theirs.team_id} or mine.team_id == theirs.team_id
        is_public = mine.channel_kind is ChannelKind.PUBLIC and in_team and theirs.foreign_team_id is None
        is_here = mine.channel_id is not None and mine.channel_id == theirs.channel_id
        return is_public or is_here or mine.user_id == theirs.user_id


RoomInvocation: TypeAlias = Invocation[StartRequest, Job | None]
"""An invocation whose room is known: each start with valid arguments, for example."""

JobInvocation: TypeAlias = Invocation[StartRequest, Job]
"""An invocation whose room and job are known: a start that made a job, or a use about a job."""


def has_room(invocation: Invocation) -> TypeIs[RoomInvocation]:
    """Return True if the room is known."""
    return invocation.request is not None


def has_job(invocation: Invocation) -> TypeIs[JobInvocation]:
    """Return True if the room and the job are known."""
    return invocation.request is not None and invocation.job is not None
