"""MetaStudio's smart-chat operations, one method each. Every failure is an error of `bot.errors`.

A start has no idempotency key, and each start makes a job that holds a paid channel. So a start is sent again
only if the try before it certainly did nothing: it was not sent, it was throttled, or its token was refused.
In all other cases the outcome is unknown, and the start is not sent again. A stop may be repeated safely.
A read is sent once, because its caller reads again on its own schedule. aiohttp itself sends a GET a second
time when the connection was lost.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from bot.domain.arguments import ROOM_ID
from bot.domain.invocation import StartRequest
from bot.domain.job import ErrorInfo, JobReport, RoomReport, SmartChatJob
from bot.domain.room_names import NamedRoom
from bot.errors import Answer, JobOver, NotSent, OutcomeUnknown, Throttled
from bot.metastudio.cloud_clock import CloudClock
from bot.metastudio.credentials import Credentials
from bot.metastudio.http import Http
from bot.metastudio.retrying import CallContext, RetryPolicy, call_within
from bot.metastudio.transport import Reply
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.rate_limiter import RateLimiter

_APP_USER_ID = re.compile(r"[!-~]{1,64}")
"""Values that the header can hold: MetaStudio forbids Chinese characters, and HTTP all others that are not
ASCII. Slack's IDs fit."""

READ_SECONDS = 10.0
"""Time limit of a read, without the waiting for the rate limiter."""

PAGE_LENGTH = 100
MAX_PAGES = 5
MAX_ROOM_PAGES = 20
MAX_ROOMS_SEEN = 1000

_COUNT = TypeAdapter(int)


@dataclass(frozen=True, slots=True)
class Started:
    """A job that MetaStudio has accepted. Its `job_id` is set."""

    job: SmartChatJob
    answer: Answer


class MetaStudio:
    """The client of MetaStudio.

    In every method `seconds` is the time limit: of the whole start or stop, retries and logins included, or
    of each request of a read. `_seen` holds the last list of job IDs of each room.

    Args:
        reads: the rate limiter of reads. Waiting for it does not count towards the time limit.
        stops: the rate limiter of stops. Waiting for it does not count either.
        jitter: returns numbers in [0, 1).
        sleep: waits seconds.
        now: this machine's clock.
    """

    def __init__(
        self,
        http: Http,
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
        """How far MetaStudio's clock is ahead of this machine's; None before the first answer."""
        return self._cloud_clock.offset

    def seen_in(self, room_id: str) -> frozenset[str]:
        """Return the job IDs that this client saw when it last listed the room's jobs."""
        return self._seen.get(room_id, frozenset())

    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        """Start a job in a room (POST …/smart-chat-rooms/{room_id}/smart-chat-jobs).

        Args:
            app_user_id: sent as X-App-UserId, so that the cloud's records name the person. Left out if the
                header cannot hold it.

        Raises:
            NotSent: nothing left this machine.
            Rejected: MetaStudio refused; nothing was started.
            OutcomeUnknown: a job may have been started.
        """
        url = f"{self._base}/smart-chat-rooms/{request.room_id}/smart-chat-jobs"
        optional = {"region": request.region, "client_id": request.client_id, "room_type": request.room_type}
        given = {name: value for name, value in optional.items() if value is not None}
        headers = _user_header(app_user_id)
        async with call_within(seconds, self._context, self._starting) as call:
            reply = await call.send("POST", url, json=given, headers=headers)
        return _started(reply)

    async def stop(self, room_id: str, job_id: str, *, app_user_id: str, seconds: float) -> Answer:
        """Stop a job (POST …/smart-chat-jobs/{job_id}/stop). The answer has no documented body.

        If the answer to a try was lost and the next try finds the job over, the lost try has stopped it.

        Raises:
            JobOver: the job was over before the stop.
            NotSent: nothing left this machine.
            Rejected: MetaStudio refused.
            OutcomeUnknown: the job may be stopped or not.
        """
        url = f"{self._jobs_url(room_id)}/{_path_segment(job_id)}/stop"
        # Without this header aiohttp sends the empty body as application/octet-stream.
        headers = {"Content-Type": "application/json", **_user_header(app_user_id)}
        async with call_within(seconds, self._context, self._stopping) as call:
            try:
                reply = await call.send("POST", url, headers=headers)
            except JobOver as error:
                if not call.may_have_succeeded:
                    raise
                return error.answer
        return replace(reply, body=None).answer

    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        """Return a job's state (GET …/smart-chat-jobs/{job_id}/state), with the access to its RTC room.

        Raises:
            JobOver: MetaStudio does not know the job any more.
            MetaStudioError: the call failed.
        """
        url = f"{self._jobs_url(room_id)}/{_path_segment(job_id)}/state"
        reply = await self._read(url, seconds)
        return _report(reply, reply.body if isinstance(reply.body, dict) else {})

    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        """Return the jobs of a room (GET …/smart-chat-jobs), at most 500. Each has a `job_id`.

        Args:
            states: MetaStudio's names of the states to list; without any, jobs of all states.

        Raises:
            OutcomeUnknown: no answer came, or it was not a list. There may be jobs all the same.
            MetaStudioError: the call failed.
        """
        wanted = {"state": ",".join(states)} if states else {}
        found: dict[str, JobReport] = {}
        offset = 0
        for _ in range(MAX_PAGES):
            page = {"limit": PAGE_LENGTH, "offset": offset}
            reply = await self._read(self._jobs_url(room_id), seconds, params={**wanted, **page})
            items, count = _page(reply, "smart_chat_jobs")
            found |= _reports(reply, items)
            offset += len(items)
            if not items or (offset >= count if count > 0 else len(items) < PAGE_LENGTH):
                break
        self._remember(room_id, frozenset(found))
        return tuple(found.values())

    def _remember(self, room_id: str, job_ids: frozenset[str]) -> None:
        self._seen.pop(room_id, None)
        if len(self._seen) >= MAX_ROOMS_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[room_id] = job_ids

    async def room(self, room_id: str, *, seconds: float) -> RoomReport:
        """Return a room's name and configuration (GET …/smart-chat-rooms/{room_id}).

        Raises:
            RoomUnknown: there is no such room.
            OutcomeUnknown: no answer came, or it did not describe a room.
            MetaStudioError: the call failed.
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
        """Check the credentials by asking for one room (GET …/smart-chat-rooms).

        Raises:
            MetaStudioError: the call failed.
        """
        await self._read(f"{self._base}/smart-chat-rooms", seconds, params={"limit": 1})

    async def _read(self, url: str, seconds: float, **content: Any) -> Reply:
        async with call_within(seconds, self._context, self._reading) as call:
            return await call.send("GET", url, **content)

    def _jobs_url(self, room_id: str) -> str:
        """Return the URL of a room's jobs. Each job is below it. Jobs are started at another URL."""
        return f"{self._base}/digital-human-chat/smart-chat-rooms/{room_id}/smart-chat-jobs"


def _user_header(app_user_id: str) -> dict[str, str]:
    return {"X-App-UserId": app_user_id} if _APP_USER_ID.fullmatch(app_user_id) else {}


def _path_segment(job_id: str) -> str:
    """Return the job ID as one segment of a path.

    Raises:
        JobOver: no job can have this ID. `.` and `..` change the path even when they are percent-encoded.
    """
    if not _is_usable_id(job_id) or job_id in {".", ".."} or len(job_id) > 256:
        raise JobOver(reason(Code.JOB_ID_IMPOSSIBLE))
    return quote(job_id, safe="")


def _is_usable_id(job_id: str) -> bool:
    return bool(job_id.strip() and "\ufffd" not in job_id and job_id.isprintable())


def _started(reply: Reply) -> Started:
    job = SmartChatJob.model_validate(reply.body if isinstance(reply.body, dict) else {})
    if not _is_usable_id(job.job_id):
        raise OutcomeUnknown(reason(Code.ANSWER_NAMES_NO_JOB), answer=reply.answer)
    return Started(job, reply.answer)


def _page(reply: Reply, name: str) -> tuple[list[Any], int]:
    """Return the items of one page, and the count of all pages; 0 if the answer does not say it."""
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
    """Return the usable items by job ID.

    A job that starts between two requests shifts the list, so one job may stand on two pages.
    """
    reports = (_report(reply, item) for item in items if isinstance(item, dict))
    return {report.job_id: report for report in reports if _is_usable_id(report.job_id)}


def _report(reply: Reply, item: dict[str, Any]) -> JobReport:
    """Return the job of an item, with secrets masked in its error text, because people read that text."""
    report = JobReport.model_validate(item)
    if report.error_info is None:
        return report
    told = report.error_info
    masked = ErrorInfo(error_code=reply.text(told.error_code), error_msg=reply.text(told.error_msg))
    return report.model_copy(update={"error_info": masked})
