"""Make the message of a post from rows, so that every process makes the same one, also after a crash."""

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import structlog

from bot.domain.arguments import JobRef
from bot.domain.invocation import (
    Action,
    Invocation,
    Job,
    JobInvocation,
    JobState,
    RoomInvocation,
    Source,
    Status,
    has_job,
    has_room,
)
from bot.domain.job import SmartChatJob
from bot.domain.job_state import JobLife
from bot.domain.post import Due, Post, Purpose
from bot.errors import Answer
from bot.messages.announcement import announcement
from bot.messages.ended import ended
from bot.messages.full_room import Holder, Holders, full_room
from bot.messages.message import Message
from bot.messages.quick_starts import not_posted
from bot.messages.replies import declined, interrupted, not_started
from bot.messages.stops import not_stopped, over_already, stopped
from bot.messages.there_already import duplicate
from bot.messages.unknown import Look, outcome_unknown, settled_already
from bot.messages.views import not_opened
from bot.posts.panels import PanelContent
from bot.posts.stored_errors import error_of_row, metastudio_error_in, unknown_in
from bot.reasons import ReasonCode
from bot.slack.delivery import Render
from bot.store.invocations import Invocations

_ANSWER = frozenset(field.name for field in fields(Answer))

_THERE_ALREADY = frozenset(
    {
        ReasonCode.ALREADY_RUNNING,
        ReasonCode.DUPLICATE_UNDER_WAY,
        ReasonCode.DUPLICATE_STARTED,
        ReasonCode.DUPLICATE_UNKNOWN,
    }
)
"""Reasons that name a start whose person may be hidden; its message does not."""

_log = structlog.get_logger()


class Rendering:
    """Makes messages.

    With `rtc_access`, announcements offer it; `panels` makes the content of panels; `workspace_url` is for
    links to announcements.
    """

    def __init__(
        self,
        invocations: Invocations,
        *,
        rtc_access: bool,
        panels: PanelContent,
        workspace_url: str | None = None,
    ) -> None:
        self._invocations = invocations
        self._rtc_access = rtc_access
        self._panels = panels
        self._workspace_url = workspace_url

    async def render(self, due: Due) -> Render | None:
        """Return the post's message; None where there is nothing left to say.

        Raises:
            DatabaseUnavailable: another row that it needs cannot be read.
        """
        post, row = due.post, due.invocation
        if post.purpose in {Purpose.ANNOUNCEMENT, Purpose.NOTIFICATION} and has_job(row):
            job = SmartChatJob.remembered(row.job.job_id, row.job.configuration)
            return self.announcement(row, job, life_in(due))
        if post.purpose is Purpose.PANEL:
            return _as_it_is(await self._panels.message(row))
        if post.state is not None and has_job(row):
            return _as_it_is(ended(row, life_in(due), is_alone=post.purpose is Purpose.PRIVATE))
        message = await self._private(post, row)
        return _as_it_is(message) if message else None

    def announcement(self, row: RoomInvocation, job: SmartChatJob, life: JobLife | None = None) -> Render:
        """Return the announcement of a job."""
        return lambda hint: announcement(row, job, life, rtc_access=self._rtc_access, hint=hint)

    async def _private(self, post: Post, row: Invocation) -> Message | None:
        match row.action:
            case Action.START if has_room(row):
                return await self._about_start(post, row)
            case Action.STOP if has_job(row):
                return about_stop(row, await self._invocations.find_start(row.job.job_id))
            case Action.RTC_ACCESS:
                return not_opened()
            case Action.QUICK if row.reason is not None:
                return not_posted(row.reason)
            case _:
                return None

    async def _about_start(self, post: Post, row: RoomInvocation) -> Message | None:
        facts = _read(post)
        if row.status is Status.STARTED:
            return None
        if row.status is Status.UNKNOWN:
            return outcome_unknown(row, unknown_in(row), look=_look_in(facts))
        return await self._about_no_job(post, row, facts)

    async def _about_no_job(self, post: Post, row: RoomInvocation, facts: dict[str, Any]) -> Message | None:
        if row.reason and row.reason.code is ReasonCode.INTERRUPTED:
            return interrupted(row)
        if holders := _of(dict, facts.get("holders")):
            found = await self._holders_in(holders)
            return full_room(row, error_of_row(row), found, workspace_url=self._workspace_url)
        about = _of(str, facts.get("about"))
        before = await self._invocations.get(about) if about else None
        known = before if before is not None and has_room(before) else None
        if row.reason and row.reason.code in _THERE_ALREADY:
            url, may_stop = self._workspace_url, facts.get("may_stop") is not False
            return duplicate(known, row, workspace_url=url, may_stop=may_stop) if known else None
        if known is not None:
            return about_another(known, _look_in(facts), at=post.created_at, asking=row)
        return not_started(row, error_of_row(row))

    async def _holders_in(self, facts: dict[str, Any]) -> Holders:
        jobs = []
        for each in filter(None, (_of(dict, each) for each in _of(list, facts.get("jobs")) or ())):
            start = await self._invocations.get(str(each.get("start")))
            jobs.append(
                Holder(
                    str(each.get("job")),
                    _time_in(each.get("since")),
                    start if start is not None and has_job(start) else None,
                    is_doubtful=each.get("is_doubtful") is True,
                    may_stop=each.get("may_stop") is True,
                )
            )
        return Holders(
            tuple(jobs),
            more=_of(int, facts.get("more")) or 0,
            hidden=_of(int, facts.get("hidden")) or 0,
            asked=facts.get("asked") is True,
        )


def about_another(before: RoomInvocation, look: Look, *, at: datetime, asking: Invocation) -> Message:
    """Say why a start was not sent: the earlier start is settled, or a job was found that may be its own.

    Args:
        at: when the room was looked at.
        asking: the start that was not sent.
    """
    if before.status is Status.UNKNOWN:
        return outcome_unknown(before, unknown_in(before), look=look, again=at, asking=asking)
    return settled_already(before, asking)


def about_stop(stop: JobInvocation, start: Invocation | None) -> Message | None:
    """Say what came of a stop.

    Args:
        start: the start of its job, if the invocation log has it.
    """
    job = JobRef.in_row(stop).as_told(start, stop)
    match stop.status:
        case Status.REFUSED:
            return declined(error_of_row(stop), verdict="Nothing was stopped.")
        case Status.FAILED:
            return not_stopped(job, metastudio_error_in(stop), stop)
        case Status.DONE if stop.job.state is JobState.STOPPED:
            return stopped(job, stop.room_name)
        case Status.DONE:
            return over_already(job, stop.room_name, typed=stop.source is Source.COMMAND)
        case _:
            return None


def life_in(due: Due) -> JobLife:
    """Return where the job of a post stands, as far as the rows tell."""
    facts = _read(due.post)
    job = due.invocation.job
    state = due.post.state or (job and job.state) or JobState.ACCEPTED
    error = _of(dict, facts.get("error"))
    return JobLife(
        state,
        _seconds(_of((int, float), facts.get("seconds")), job),
        Answer(**{name: value for name, value in error.items() if name in _ANSWER}) if error else None,
        _of(str, facts.get("stopped_by")),
    )


def _seconds(told: float | None, job: Job | None) -> float | None:
    """Return how long a job lasted: by MetaStudio since it ran, but since its start if it never ran."""
    if told == 0 and job and job.started_at and job.ended_at:
        return (job.ended_at - job.started_at).total_seconds()
    return told


def life_facts(life: JobLife) -> str:
    """Return, as JSON, what the job's row does not hold of its life."""
    return json.dumps(
        {"seconds": life.seconds, "error": life.error and asdict(life.error), "stopped_by": life.stopped_by}
    )


def look_facts(look: Look, *, about: str | None = None, may_stop: bool = True) -> str:
    """Return, as JSON, what a look at a room found, for its own start or for another one.

    Args:
        may_stop: the policy lets the person stop the job of that other start.
    """
    return json.dumps(asdict(look) | {"about": about, "may_stop": may_stop})


def holders_facts(holders: Holders) -> str:
    """Return, as JSON, who holds a full room."""
    jobs = [
        {
            "job": holder.job_id,
            "start": holder.start and holder.start.id,
            "since": holder.since and holder.since.isoformat(),
            "is_doubtful": holder.is_doubtful,
            "may_stop": holder.may_stop,
        }
        for holder in holders.jobs
    ]
    rest = {"more": holders.more, "hidden": holders.hidden, "asked": holders.asked}
    return json.dumps({"holders": {"jobs": jobs, **rest}})


def _time_in(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _look_in(facts: dict[str, Any]) -> Look:
    return Look(
        _texts(facts.get("found")), asked=facts.get("asked") is True, rivals=_texts(facts.get("rivals"))
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in _of(list, value) or () if isinstance(text, str))


def _read(post: Post) -> dict[str, Any]:
    """Return the facts of a post; what cannot be read counts as left out, here and below."""
    try:
        facts = json.loads(post.facts or "{}")
    except (ValueError, RecursionError):
        _log.error("the facts of a post cannot be read", post_id=post.id)
        return {}
    return _of(dict, facts) or {}


def _of(kind: type | tuple[type, ...], value: Any) -> Any:
    """Return a value of this type; None where it is of another."""
    return value if isinstance(value, kind) else None


def _as_it_is(message: Message) -> Render:
    return lambda _hint: message
