"""A post: a Slack message about an invocation or its job, from the plan to its last edit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.invocation import Invocation, JobState


class Purpose(StrEnum):
    """What a post is for. Announcements and notifications are edited when the job changes.

    A panel is edited when quick starts change. It belongs to the invocation that asked for it, and to no job.
    """

    ANNOUNCEMENT = "announcement"
    NOTIFICATION = "notification"
    THREAD = "thread"
    PRIVATE = "private"
    PANEL = "panel"


EDITED = (Purpose.ANNOUNCEMENT, Purpose.NOTIFICATION, Purpose.PANEL)
"""The purposes of posts that are edited when what they show changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A row of the table `posts`, column by column. Times are aware datetimes in UTC.

    A post belongs to the start of its job, or to the invocation that it is about. `channel` and `ts` identify
    the Slack message, if it can be edited; `thread_of` is the ID of the post whose thread holds it. `state`
    is the job state that the message should show, and `shown_state` the one that it shows. `facts` is JSON
    for what the message needs beside the rows. `revision` grows each time the message has to be sent or
    edited again.

    The post is due from `next_attempt_at` on (None: nothing to do). One process has claimed it until
    `lease_until`. `attempts` counts the failures since the last delivery or the last change of `revision`.
    `done_at` is the time of the last delivery.
    """

    id: str
    invocation_id: str
    job_id: str | None = None
    purpose: Purpose
    channel: str | None = None
    ts: str | None = None
    thread_of: str | None = None
    state: JobState | None = None
    shown_state: JobState | None = None
    facts: str | None = None
    revision: int = 0
    attempts: int = 0
    next_attempt_at: datetime | None = None
    lease_until: datetime | None = None
    created_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A post with its invocation. `parent` is the post whose thread it belongs to."""

    post: Post
    invocation: Invocation
    parent: Post | None = None
