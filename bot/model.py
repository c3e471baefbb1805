"""The words of the domain as types: what is asked for, and one use of the bot by one person."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

REGION_NAMES = {"cn-north-4": "CN North-Beijing4", "cn-southwest-2": "CN Southwest-Guiyang1"}
"""Regions by MetaStudio's names (start call, Table 3)."""


class RoomType(StrEnum):
    """`room_type` of the start call (Table 3). Left out, MetaStudio takes RTC."""

    RTC = "RTC"
    METALINK = "METALINK"


class Action(StrEnum):
    """What somebody wanted of the bot."""

    START = "start"
    HELP = "help"


class Source(StrEnum):
    """The way by which they asked."""

    COMMAND = "command"


class Status(StrEnum):
    """Where an invocation stands.

    received ─→ starting ─→ started | failed | unknown
             ├─→ refused
             └─→ failed                 (never sent)

    `help`, `invalid` and `refused` are also what a row can be written as from the first.
    """

    RECEIVED = "received"
    STARTING = "starting"
    STARTED = "started"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    INVALID = "invalid"
    HELP = "help"


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

    `created_at`, `announced_at` and `deadline` are aware datetimes in UTC; `latency_ms` runs from receipt to
    MetaStudio's answer. `response_url` and `trigger_id` are secrets while they work: no repr shows them.
    """

    id: str
    created_at: datetime
    action: Action
    source: Source
    status: Status
    team_id: str | None = None
    enterprise_id: str | None = None
    channel_id: str | None = None
    user_id: str
    text: str = ""
    room_id: str | None = None
    region: str | None = None
    room_type: str | None = None
    client_id: str | None = None
    reason: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_msg: str | None = None
    request_id: str | None = None
    job_id: str | None = None
    latency_ms: int | None = None
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)
    message_channel: str | None = None
    message_ts: str | None = None
    announced_at: datetime | None = None
    deadline: datetime | None = None

    def asking_for(self, request: StartRequest) -> Self:
        """The same with what was asked for."""
        return replace(
            self,
            room_id=request.room_id,
            region=request.region,
            room_type=request.room_type,
            client_id=request.client_id,
        )


SECRET_COLUMNS = frozenset(column.name for column in fields(Invocation) if not column.repr)
"""Columns of an invocation that are shown to nobody."""
