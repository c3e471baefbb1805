"""The words of the domain as types: what is asked for, and one use of the bot by one person."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

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
    DETAILS = "details"
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


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The checked arguments of one start. What is None is left out of the call."""

    room_id: str
    region: str | None = None
    room_type: RoomType | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One use of the bot: a row of the log, column by column.

    Times are aware datetimes in UTC; `latency_ms` runs from receipt to MetaStudio's answer. `started_at` is
    when the job was known to be started, `adopted_at` when it was found after its answer was lost, `ended_at`
    when its end was seen. `foreign_team_id` is the workspace of a person who is not of the bot's own (Slack
    Connect), else None.
    `previous_id` names the invocation whose button led to this one; no two rows name the same. `job_state` is
    what the announcement shows, `configuration` what MetaStudio said of the job's voices and picture, as JSON
    and without its `rtc_room_info`. Past its `lease_until` any process may claim the row. `response_url` and
    `trigger_id` are secrets while they work: no repr shows them.
    """

    id: str
    created_at: datetime
    action: Action
    source: Source
    status: Status
    team_id: str | None = None
    enterprise_id: str | None = None
    channel_id: str | None = None
    channel_kind: ChannelKind | None = None
    user_id: str
    foreign_team_id: str | None = None
    text: str = ""
    room_id: str | None = None
    room_name: str | None = None
    region: str | None = None
    room_type: str | None = None
    client_id: str | None = None
    previous_id: str | None = None
    reason: Reason | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_msg: str | None = None
    request_id: str | None = None
    job_id: str | None = None
    job_state: JobState | None = None
    configuration: str | None = None
    latency_ms: int | None = None
    started_at: datetime | None = None
    adopted_at: datetime | None = None
    ended_at: datetime | None = None
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)
    message_channel: str | None = None
    message_ts: str | None = None
    announced_at: datetime | None = None
    lease_until: datetime | None = None

    def asking_for(self, request: StartRequest) -> Self:
        """The same with what was asked for."""
        return replace(
            self,
            room_id=request.room_id,
            region=request.region,
            room_type=request.room_type,
            client_id=request.client_id,
        )

    @property
    def made_no_job(self) -> bool:
        """Whether it is a start that certainly made none."""
        return self.status in {Status.FAILED, Status.REFUSED}

    def is_visible_to(self, asking: "Invocation") -> bool:
        """Whether the person may read of this one where they ask: it is theirs, of that channel, or public.

        A person of another workspace cannot read the public channels of the bot's.
        """
        is_public = self.channel_kind is ChannelKind.PUBLIC and asking.foreign_team_id is None
        is_here = self.channel_id is not None and self.channel_id == asking.channel_id
        return is_public or is_here or self.user_id == asking.user_id


SECRET_COLUMNS = frozenset(column.name for column in fields(Invocation) if not column.repr)
"""Columns of an invocation that are shown to nobody."""
