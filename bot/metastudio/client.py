"""MetaStudio's smart-chat operations, each a method; every failure is one of the error tree.

A start has no idempotency key, and each one makes a job that holds a paid channel. So it goes out again only
where it is certain that the one before it did nothing: it never left, it was throttled, or its token was
refused. After anything else the outcome is unknown, and it is not sent again. A stop may be repeated as
long as it takes. Whoever reads looks again on their own schedule, so a read is sent once; aiohttp by itself
sends a GET a second time where its connection was lost.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeGuard
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.arguments import ROOM_ID
from bot.domain.invocation import StartRequest
from bot.domain.job import ErrorInfo, JobReport, RoomReport, SmartChatJob
from bot.domain.room_names import NamedRoom
from bot.errors import Answer, JobOver, NotSent, OutcomeUnknown, Throttled
from bot.metastudio.calls import CallContext, RetryPolicy, call_within
from bot.metastudio.cloud_clock import CloudClock
from bot.metastudio.credentials import Credentials
from bot.metastudio.transport import Reply
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.rate_limiter import RateLimiter

_APP_USER_ID = re.compile(r"[!-~]{1,64}")
"""What the header takes: the document forbids Chinese characters, HTTP the rest. Slack's IDs fit."""

READ_SECONDS = 10.0
"""How long a question may take, once it has its turn."""

PAGE_LENGTH = 100
MAX_PAGES = 5
MAX_ROOM_PAGES = 20
MOST_ROOMS_SEEN = 1000

_COUNT = TypeAdapter(int)


@dataclass(frozen=True, slots=True)
class Started:
    """A job that MetaStudio has accepted; its `job_id` is set."""

    job: SmartChatJob
    answer: Answer


class MetaStudio:
    """The client. `seconds` limits a start or a stop, retries and logins included, or each request of a read.

    `_seen` holds what was listed last of each room.

    Args:
        reads: the rate limiter of whatever only asks; waiting for it counts into no time limit.
        stops: the same of stops.
        jitter: gives numbers in [0, 1).
        sleep: waits seconds.
        now: this machine's clock.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials,
        *,
        endpoint: str,
        project_id: str,
        reads: RateLimiter,
        stops: RateLimiter,
        jitter: Callable[[], float],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._cloud_clock = CloudClock(now)
        self._seen: dict[str, frozenset[str]] = {}
        self._context = CallContext(http, credentials, jitter, sleep, self._cloud_clock)
        self._base = f"{endpoint}/v1/{project_id}"
        self._starting = RetryPolicy((NotSent, Throttled), repeatable=False)
        self._stopping = RetryPolicy(
            (NotSent, Throttled, OutcomeUnknown), repeatable=True, rate_limiter=stops
        )
        self._reading = RetryPolicy((), repeatable=True, rate_limiter=reads)

    @property
    def clock_offset(self) -> timedelta | None:
        """How far MetaStudio's clock is ahead of this machine's; None where no answer has told yet."""
        return self._cloud_clock.offset

    def seen_in(self, room_id: str) -> frozenset[str]:
        """The jobs that the room's list held when it was read last by this client."""
        return self._seen.get(room_id, frozenset())

    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        """Start a job in a room (POST …/smart-chat-rooms/{room_id}/smart-chat-jobs).

        Args:
            app_user_id: sent as X-App-UserId, so that the cloud's records say who; left out if it cannot be.

        Raises:
            NotSent: nothing left this machine.
            Rejected: MetaStudio refused; nothing was started.
            OutcomeUnknown: a job may have been started.
        """
        optional = {"region": request.region, "client_id": request.client_id, "room_type": request.room_type}
        async with call_within(seconds, self._context, self._starting) as call:
            reply = await call.send(
                "POST",
                f"{self._base}/smart-chat-rooms/{request.room_id}/smart-chat-jobs",
                json={name: value for name, value in optional.items() if value is not None},
                headers=_naming(app_user_id),
            )
        return _started(reply)

    async def stop(self, room_id: str, job_id: str, *, app_user_id: str, seconds: float) -> Answer:
        """Stop a job (POST …/smart-chat-jobs/{job_id}/stop); its answer has no documented body.

        A job that is over after a try whose answer was lost counts as stopped by that try.

        Raises:
            JobOver: it is over already.
            NotSent: nothing left this machine.
            Rejected: MetaStudio refused.
            OutcomeUnknown: it may be stopped or not.
        """
        url = f"{self._jobs_url(room_id)}/{_segment(job_id)}/stop"
        # Without a content type of ours aiohttp calls the empty body application/octet-stream.
        headers = {"Content-Type": "application/json", **_naming(app_user_id)}
        async with call_within(seconds, self._context, self._stopping) as call:
            try:
                reply = await call.send("POST", url, headers=headers)
            except JobOver as error:
                if not call.may_have_succeeded:
                    raise
                return error.answer
        return replace(reply, body=None).answer

    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        """Where a job stands (GET …/smart-chat-jobs/{job_id}/state), with how to join its RTC room.

        Raises:
            JobOver: MetaStudio knows it no more.
            MetaStudioError: it could not be found out.
        """
        url = f"{self._jobs_url(room_id)}/{_segment(job_id)}/state"
        reply = await self._read(url, seconds)
        return _report(reply, reply.body if isinstance(reply.body, dict) else {})

    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        """The jobs of a room (GET …/smart-chat-jobs), at most 500; each has a `job_id`.

        Args:
            states: MetaStudio's names of the states to look for; none for all.

        Raises:
            OutcomeUnknown: no answer came, or one that is no list: nobody can say that there are no jobs.
            MetaStudioError: it could not be found out.
        """
        wanted = {"state": ",".join(states)} if states else {}
        found: dict[str, JobReport] = {}
        offset = 0
        for _ in range(MAX_PAGES):
            stretch = {"limit": PAGE_LENGTH, "offset": offset}
            reply = await self._read(self._jobs_url(room_id), seconds, params={**wanted, **stretch})
            items, count = _page(reply, "smart_chat_jobs")
            found |= _reports(reply, items)
            offset += len(items)
            if not items or (offset >= count if count > 0 else len(items) < PAGE_LENGTH):
                break
        self._remember(room_id, frozenset(found))
        return tuple(found.values())

    def _remember(self, room_id: str, job_ids: frozenset[str]) -> None:
        self._seen.pop(room_id, None)
        if len(self._seen) >= MOST_ROOMS_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[room_id] = job_ids

    async def room(self, room_id: str, *, seconds: float) -> RoomReport:
        """What a room is called and how it is set up (GET …/smart-chat-rooms/{room_id}).

        Raises:
            RoomUnknown: there is no such room.
            OutcomeUnknown: no answer came, or one that tells of no room.
            MetaStudioError: it could not be found out.
        """
        reply = await self._read(f"{self._base}/smart-chat-rooms/{room_id}", seconds)
        if not isinstance(reply.body, dict):
            raise OutcomeUnknown(reason(Code.ROOM_UNREADABLE, repeatable=True), answer=reply.answer)
        return RoomReport.model_validate(reply.body)

    async def list_rooms(self, *, seconds: float) -> tuple[NamedRoom, ...]:
        """The rooms and their names (GET …/smart-chat-rooms), at most 2,000.

        Args:
            seconds: how long each page may take.

        Raises:
            OutcomeUnknown: no answer came, or one that is no list.
            MetaStudioError: it could not be found out.
        """
        found: dict[str, NamedRoom] = {}
        offset = 0
        for _ in range(MAX_ROOM_PAGES):
            stretch = {"limit": PAGE_LENGTH, "offset": offset}
            reply = await self._read(f"{self._base}/smart-chat-rooms", seconds, params=stretch)
            items, count = _page(reply, "smart_chat_rooms")
            found |= _named_rooms(items)
            offset += len(items)
            if not items or (offset >= count if count > 0 else len(items) < PAGE_LENGTH):
                break
        return tuple(found.values())

    async def check(self, *, seconds: float) -> None:
        """Ask for one room (GET …/smart-chat-rooms): whether that works tells whether the credentials do.

        Raises:
            MetaStudioError: it does not work.
        """
        await self._read(f"{self._base}/smart-chat-rooms", seconds, params={"limit": 1})

    async def _read(self, url: str, seconds: float, **content: Any) -> Reply:
        async with call_within(seconds, self._context, self._reading) as call:
            return await call.send("GET", url, **content)

    def _jobs_url(self, room_id: str) -> str:
        """Where a room's jobs are listed, and beneath it each of them. They are started at another place."""
        return f"{self._base}/digital-human-chat/smart-chat-rooms/{room_id}/smart-chat-jobs"


def _naming(app_user_id: str) -> dict[str, str]:
    return {"X-App-UserId": app_user_id} if _APP_USER_ID.fullmatch(app_user_id) else {}


def _segment(job_id: str) -> str:
    """The ID as one segment of a path.

    Raises:
        JobOver: no job can have this ID; `.` and `..` would be taken for steps of the path, however encoded.
    """
    if not _names_a_job(job_id) or job_id in {".", ".."} or len(job_id) > 256:
        raise JobOver(reason(Code.JOB_ID_IMPOSSIBLE))
    return quote(job_id, safe="")


def _names_a_job(job_id: str | None) -> TypeGuard[str]:
    return bool(job_id and job_id.strip() and "\ufffd" not in job_id and job_id.isprintable())


def _started(reply: Reply) -> Started:
    job = SmartChatJob.model_validate(reply.body if isinstance(reply.body, dict) else {})
    if not _names_a_job(job.job_id):
        raise OutcomeUnknown(reason(Code.ANSWER_NAMES_NO_JOB), answer=reply.answer)
    return Started(job, reply.answer)


def _page(reply: Reply, name: str) -> tuple[list[Any], int]:
    """The items of one page, and how many there are on all pages; 0 where that is not told."""
    body = reply.body if isinstance(reply.body, dict) else {}
    items = body.get(name)
    if not isinstance(items, list):
        raise OutcomeUnknown(reason(Code.LIST_UNREADABLE, repeatable=True), answer=reply.answer)
    with suppress(ValidationError):
        return items, _COUNT.validate_python(body.get("count"))
    return items, 0


def _named_rooms(items: list[Any]) -> dict[str, NamedRoom]:
    """The usable items by room ID: those with an ID that can be started, and a name that can be read."""
    found = {}
    for item in items:
        room_id = item.get("room_id") if isinstance(item, dict) else None
        name = RoomReport.model_validate(item).name if isinstance(room_id, str) else None
        if isinstance(room_id, str) and ROOM_ID.fullmatch(room_id):
            found[room_id] = NamedRoom(room_id, name or room_id)
    return found


def _reports(reply: Reply, items: list[Any]) -> dict[str, JobReport]:
    """The usable items by job ID: a job that is started between two pages shifts the rest onto both."""
    reports = (_report(reply, item) for item in items if isinstance(item, dict))
    return {report.job_id: report for report in reports if _names_a_job(report.job_id)}


def _report(reply: Reply, item: dict[str, Any]) -> JobReport:
    """The job of an item. Why it failed is shown to people, so it may hold no secret."""
    report = JobReport.model_validate(item)
    if report.error_info is None:
        return report
    told = report.error_info
    masked = ErrorInfo(error_code=reply.text(told.error_code), error_msg=reply.text(told.error_msg))
    return report.model_copy(update={"error_info": masked})
