"""Make calls to MetaStudio: keep the time limit, and retry only if a retry does no harm."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from typing import Any

import httpx

from bot.errors import (
    CredentialRefused,
    MetaStudioError,
    NotSent,
    OperationUnknown,
    OutcomeUnknown,
    Throttled,
)
from bot.metastudio.cloud_clock import CloudClock
from bot.metastudio.credentials import Credentials
from bot.metastudio.error_codes import error_of
from bot.metastudio.http import Http
from bot.metastudio.transport import Reply, exchange, signatures_in
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.backoff import Backoff
from bot.runtime.rate_limiter import RateLimiter
from bot.runtime.retry_after import seconds_to_wait

MAX_RETRIES = 3
BACKOFF = Backoff(first=0.5, spread=1.0)

LARGEST_CLOCK_DIFFERENCE = timedelta(minutes=15)
MAX_SIGNATURES = 1000

_ANSWER = "an answer"
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class EndpointState:
    """What calls have learnt about the endpoint: whether one succeeded, and the newest RTC signatures."""

    has_served: bool = False
    signatures: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_SIGNATURES), repr=False)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What all calls share.

    `jitter` returns numbers in [0, 1). `sleep` waits seconds. `cloud_clock` learns from each answer.
    """

    http: Http
    credentials: Credentials
    jitter: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    cloud_clock: CloudClock
    endpoint: EndpointState = field(default_factory=EndpointState)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How one kind of operation is retried: start, stop or read.

    `repeated_after` are the failures after which it is sent again, after a pause. `repeatable`: a person may
    send it again when its outcome is unknown. `rate_limiter` limits how often it is sent, retries included.
    Many calls may wait for the rate limiter, so this waiting does not count towards the time limit.
    """

    repeated_after: tuple[type[MetaStudioError], ...]
    repeatable: bool
    rate_limiter: RateLimiter | None = None


@dataclass(slots=True)
class _Progress:
    """How far a request has come. It decides which error is raised when the time is up."""

    awaits: str = "a token"
    error: MetaStudioError | None = None

    def note(self, error: MetaStudioError) -> MetaStudioError:
        """Note one more failure, and return the error that counts: a lost answer outweighs later failures."""
        if not isinstance(self.error, OutcomeUnknown):
            self.error = error
        return self.error


class Call:
    """A request under way, with its retries."""

    def __init__(
        self, context: CallContext, policy: RetryPolicy, seconds: float, limit: asyncio.Timeout
    ) -> None:
        self._context = context
        self._policy = policy
        self._seconds = seconds
        self._limit = limit
        self._progress = _Progress()

    async def send(self, method: str, url: str, **content: Any) -> Reply:
        """Send a request until it succeeds, or until a retry is useless or unsafe.

        Args:
            content: arguments of `Http.build_request`: `json`, `params`, `headers`.
        """
        retries, renewed = 0, False
        while True:
            auth: httpx.Auth | None = None
            await self._acquire()
            try:
                self._progress.awaits = "a token"
                auth = await self._context.credentials.auth()
                self._progress.awaits = _ANSWER
                return await self._exchange(self._context.http.build_request(method, url, **content), auth)
            except CredentialRefused as error:
                if auth is None or renewed or not self._context.credentials.replaces(auth):
                    raise
                renewed = True
                self._progress.note(error)
            except self._policy.repeated_after as error:
                await self._pause(retries, error)
                retries += 1

    @property
    def may_have_succeeded(self) -> bool:
        """True if the answer to an earlier try was lost."""
        return isinstance(self._progress.error, OutcomeUnknown)

    def out_of_time(self) -> MetaStudioError:
        """Return the error for a request that the time limit has cut short."""
        if self._progress.awaits == _ANSWER:
            return self._unknown(OutcomeUnknown(reason(Code.NO_ANSWER_IN_TIME, seconds=self._seconds)))
        return self._progress.error or NotSent(reason(Code.NOT_SENT_IN_TIME, seconds=self._seconds))

    async def _exchange(self, request: httpx.Request, auth: httpx.Auth) -> Reply:
        clock, endpoint = self._context.cloud_clock, self._context.endpoint
        sent_at = clock.now()
        try:
            reply = await exchange(self._context.http, request, auth, secrets=endpoint.signatures)
            clock.learn(reply.headers, sent_at, clock.now())
            if not httpx.codes.is_success(reply.status):
                raise self._error_of(request, reply)
        except OutcomeUnknown as error:
            self._unknown(error)
            raise
        except Throttled:
            if self._policy.rate_limiter:
                self._policy.rate_limiter.slow_down()
            raise
        if self._policy.rate_limiter:
            self._policy.rate_limiter.speed_up()
        endpoint.has_served = True
        endpoint.signatures.extend(signatures_in(reply.body))
        return reply

    def _unknown(self, error: OutcomeUnknown) -> OutcomeUnknown:
        """Add to the error whether a person may repeat the operation."""
        if self._policy.repeatable:
            error.reason = error.reason.with_args(repeatable=True)
        return error

    async def _acquire(self) -> None:
        """Wait for the rate limiter. The time limit stands still meanwhile."""
        if self._policy.rate_limiter is None:
            return
        time = asyncio.get_running_loop().time
        left = self._left()
        self._limit.reschedule(None)
        await self._policy.rate_limiter.acquire()
        self._limit.reschedule(time() + left)

    def _left(self) -> float:
        """Return the seconds left of the time limit."""
        end = self._limit.when()
        return inf if end is None else end - asyncio.get_running_loop().time()

    def _error_of(self, request: httpx.Request, reply: Reply) -> MetaStudioError:
        """Return the error for an answer, with hints: other operations work, or the clocks differ."""
        error = error_of(reply.answer, retry_after=seconds_to_wait(reply.headers))
        if isinstance(error, OperationUnknown) and self._context.endpoint.has_served:
            error.reason = error.reason.with_args(others_work=True)
        if isinstance(error, CredentialRefused) and "X-Sdk-Date" in request.headers:
            offset = self._context.cloud_clock.offset
            if offset is not None and abs(offset) > LARGEST_CLOCK_DIFFERENCE:
                error.reason = error.reason.with_args(clock_minutes=_minutes_ahead(offset))
        return error

    async def _pause(self, retries: int, error: MetaStudioError) -> None:
        """Wait before the next try: longer each time, and never shorter than Retry-After.

        Raises:
            MetaStudioError: no try or no time is left.
        """
        known = self._progress.note(error)
        asked = error.retry_after if isinstance(error, Throttled) else None
        pause = BACKOFF.pause(retries + 1, chance=self._context.jitter(), asked=asked)
        if retries == MAX_RETRIES or pause >= self._left():
            raise known from None
        self._progress.awaits = "another try"
        await self._context.sleep(pause)


def _minutes_ahead(offset: timedelta) -> int:
    """Return how many minutes this machine's clock is ahead of MetaStudio's; negative if it is behind."""
    minutes = abs(offset) // _MINUTE
    return minutes if offset < timedelta() else -minutes


@asynccontextmanager
async def call_within(seconds: float, context: CallContext, policy: RetryPolicy) -> AsyncIterator[Call]:
    """Open a call with a time limit. Retries and logins count; waiting for the rate limiter does not.

    Raises:
        MetaStudioError: the time is up.
    """
    limit = asyncio.timeout(seconds)
    call = Call(context, policy, seconds, limit)
    try:
        async with limit:
            yield call
    except TimeoutError:
        raise call.out_of_time() from None
