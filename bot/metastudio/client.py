"""MetaStudio's smart-chat operations, each a method; every failure is one of the error tree.

A start has no idempotency key, and each one makes a job that holds a paid channel. So a request goes out
again only where it is certain that the one before it did nothing: it never left, it was throttled, or its
token was refused. After anything else the outcome is unknown, and it is not sent again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from bot.errors import Answer, CredentialRefused, MetaStudioError, NotSent, OutcomeUnknown, Throttled
from bot.job import SmartChatJob
from bot.metastudio.credentials import Credentials
from bot.metastudio.error_codes import error_of
from bot.metastudio.transport import Reply, exchange
from bot.model import StartRequest

_APP_USER_ID = re.compile(r"[!-~]{1,64}")
"""What the header takes: the document forbids Chinese characters, HTTP the rest. Slack's IDs fit."""

MAX_RETRIES = 3
FIRST_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Started:
    """A job that MetaStudio has accepted; its `job_id` is set."""

    job: SmartChatJob
    answer: Answer


@dataclass(slots=True)
class _Progress:
    """How far a call has come, for when its time is up."""

    in_flight: bool = False
    last_error: MetaStudioError | None = None


class MetaStudio:
    """The client. `jitter` gives numbers in [0, 1); `sleep` waits seconds."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials,
        *,
        endpoint: str,
        project_id: str,
        jitter: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._base = f"{endpoint}/v1/{project_id}"
        self._jitter = jitter
        self._sleep = sleep

    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        """Start a job in a room (POST …/smart-chat-rooms/{room_id}/smart-chat-jobs).

        Args:
            app_user_id: sent as X-App-UserId, so that the cloud's records say who; left out if it cannot be.
            seconds: the time limit around all of it, retries and logins included.

        Raises:
            NotSent: nothing left this machine.
            Rejected: MetaStudio refused; nothing was started.
            OutcomeUnknown: a job may have been started.
        """
        optional = {"region": request.region, "client_id": request.client_id, "room_type": request.room_type}
        reply = await self._call(
            "POST",
            f"{self._base}/smart-chat-rooms/{request.room_id}/smart-chat-jobs",
            body={name: value for name, value in optional.items() if value is not None},
            headers={"X-App-UserId": app_user_id} if _APP_USER_ID.fullmatch(app_user_id) else {},
            seconds=seconds,
        )
        return _started(reply)

    async def _call(
        self, method: str, url: str, *, body: dict[str, Any], headers: Mapping[str, str], seconds: float
    ) -> Reply:
        def build() -> httpx.Request:
            return self._http.build_request(method, url, json=body, headers=headers)

        progress = _Progress()
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._send_until_settled(build, progress, limit)
        except TimeoutError:
            raise _out_of_time(progress, seconds) from None

    async def _send_until_settled(
        self, build: Callable[[], httpx.Request], progress: _Progress, limit: asyncio.Timeout
    ) -> Reply:
        retries, renewed = 0, False
        while True:
            auth: httpx.Auth | None = None
            progress.in_flight = False
            try:
                auth = await self._credentials.auth()
                progress.in_flight = True
                reply = await exchange(self._http, build(), auth)
                if httpx.codes.is_success(reply.status):
                    return reply
                raise error_of(reply.answer, retry_after=_retry_after(reply))
            except CredentialRefused as error:
                if auth is None or renewed or not self._credentials.replaces(auth):
                    raise
                renewed, progress.last_error = True, error
            except (NotSent, Throttled) as error:
                pause = self._pause(retries, error)
                if retries == MAX_RETRIES or pause >= _seconds_left(limit):
                    raise
                retries, progress.last_error, progress.in_flight = retries + 1, error, False
                await self._sleep(pause)

    def _pause(self, retries: int, error: MetaStudioError) -> float:
        grown: float = FIRST_PAUSE_SECONDS * 2**retries * (1 + self._jitter())
        asked = error.retry_after if isinstance(error, Throttled) else None
        return max(grown, asked or 0)


def _started(reply: Reply) -> Started:
    job = SmartChatJob.model_validate(reply.body if isinstance(reply.body, dict) else {})
    if not job.job_id or not job.job_id.strip() or "\ufffd" in job.job_id or not job.job_id.isprintable():
        raise OutcomeUnknown(
            "MetaStudio accepted the start but named no job.",
            advice="A job is probably running: look at the room's jobs in the MetaStudio console.",
            answer=reply.answer,
        )
    return Started(job, reply.answer)


def _out_of_time(progress: _Progress, seconds: float) -> MetaStudioError:
    if progress.in_flight:
        return OutcomeUnknown(f"MetaStudio did not answer within {seconds:g} seconds.")
    return progress.last_error or NotSent(
        f"The bot did not get a token within {seconds:g} seconds, so nothing was sent.",
        advice="Try again in a moment.",
    )


def _retry_after(reply: Reply) -> float | None:
    with suppress(ValueError):
        return max(0.0, float(reply.headers.get("Retry-After", "")))
    return None


def _seconds_left(limit: asyncio.Timeout) -> float:
    end = limit.when()
    return float("inf") if end is None else end - asyncio.get_running_loop().time()
