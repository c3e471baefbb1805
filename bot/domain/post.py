"""A post: a message in Slack about an invocation or its job, from the wish to its last edit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.invocation import Invocation, JobState


class Purpose(StrEnum):
    """What a post is for. Those of the first two kinds are edited as their job goes on.

    A panel shows a channel's quick starts. It belongs to the invocation that wanted it, and to no job.
    """

    ANNOUNCEMENT = "announcement"
    NOTIFICATION = "notification"
    THREAD = "thread"
    PRIVATE = "private"
    PANEL = "panel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A row of the table `posts`, column by column. Times are aware datetimes in UTC.

    It belongs to the start of its job, or to the invocation of which it tells. `channel` and `ts` are where
    it stands, if it can be found again; `thread_of` names the post in whose thread it stands. `state` is what
    it is to show of the job, with `facts` as JSON where the message needs more than the rows hold, and
    `shown_state` what it shows. `revision` is raised whenever it is to be said anew.

    It is to be delivered from `next_attempt_at` on (None: nothing is to be done), by whoever holds it until
    `lease_until`. `attempts` counts the failures since it was last wanted; `done_at` is when it was last
    delivered.
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
    """A post with what it is about. `parent` is the post in whose thread it belongs."""

    post: Post
    invocation: Invocation
    parent: Post | None = None
