"""How an operation is carried out: in its time, and sent again only where that does no harm."""

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
from bot.metastudio.transport import Reply, exchange, signatures_in
from bot.runtime.backoff import Backoff
from bot.runtime.rate_limiter import RateLimiter
from bot.runtime.retry_after import seconds_to_wait

MAX_RETRIES = 3
BACKOFF = Backoff(first=0.5, spread=1.0)
TRY_AGAIN = "Try again in a moment."

LARGEST_CLOCK_DIFFERENCE = timedelta(minutes=15)
MAX_SIGNATURES = 1000
OTHERS_WORK = (
    "Other operations work at METASTUDIO_ENDPOINT, so it lacks this one: use the MetaStudio console for it."
)

_ANSWER = "an answer"
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Experience:
    """What calls have learnt about the endpoint: whether any succeeded, and the newest RTC signatures."""

    has_served: bool = False
    signatures: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_SIGNATURES), repr=False)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What all calls share.

    `jitter` gives numbers in [0, 1); `sleep` waits seconds; `cloud_clock` learns from each answer.
    """

    http: httpx.AsyncClient
    credentials: Credentials
    jitter: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    cloud_clock: CloudClock
    experience: Experience = field(default_factory=Experience)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What sets one sort of operation apart from another.

    `repeated_after` are the failures after which it is sent again, with pauses; `if_lost` is what a person
    can do where its outcome is unknown. `rate_limiter` limits how often it is sent, retries included; waiting
    for it counts into no time limit, for many may wait.
    """

    repeated_after: tuple[type[MetaStudioError], ...]
    if_lost: str
    rate_limiter: RateLimiter | None = None


@dataclass(slots=True)
class _Progress:
    """How far a request has come, for when its time is up."""

    awaits: str = "a token"
    error: MetaStudioError | None = None

    def note(self, error: MetaStudioError) -> MetaStudioError:
        """What is known after one more failure: an outcome that was lost stays unknown."""
        if not isinstance(self.error, OutcomeUnknown):
            self.error = error
        return self.error


class Call:
    """A request under way, its repetitions included."""

    def __init__(
        self, context: CallContext, policy: RetryPolicy, seconds: float, limit: asyncio.Timeout
    ) -> None:
        self._context = context
        self._policy = policy
        self._seconds = seconds
        self._limit = limit
        self._progress = _Progress()

    async def send(self, method: str, url: str, **content: Any) -> Reply:
        """Send a request until it is a success, or until sending it again is useless or unsafe.

        Args:
            content: what httpx makes a request of: `json`, `params`, `headers`.
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
        """Whether the answer to an earlier try was lost."""
        return isinstance(self._progress.error, OutcomeUnknown)

    def out_of_time(self) -> MetaStudioError:
        """What is known when the time limit has cut the request short."""
        if self._progress.awaits == _ANSWER:
            what = f"MetaStudio did not answer within {self._seconds:g} seconds."
            return OutcomeUnknown(what, advice=self._policy.if_lost)
        return self._progress.error or NotSent(
            f"The bot did not get {self._progress.awaits} within {self._seconds:g} seconds, "
            "so nothing was sent.",
            advice=TRY_AGAIN,
        )

    async def _exchange(self, request: httpx.Request, auth: httpx.Auth) -> Reply:
        clock, experience = self._context.cloud_clock, self._context.experience
        sent_at = clock.now()
        try:
            reply = await exchange(self._context.http, request, auth, secrets=experience.signatures)
            clock.learn(reply.headers, sent_at, clock.now())
            if not httpx.codes.is_success(reply.status):
                raise self._error_of(request, reply)
        except OutcomeUnknown as error:
            error.advice = self._policy.if_lost
            raise
        except Throttled:
            if self._policy.rate_limiter:
                self._policy.rate_limiter.slow_down()
            raise
        if self._policy.rate_limiter:
            self._policy.rate_limiter.speed_up()
        experience.has_served = True
        experience.signatures.extend(signatures_in(reply.body))
        return reply

    async def _acquire(self) -> None:
        """Wait until it may be sent. Meanwhile the time limit stands still."""
        if self._policy.rate_limiter is None:
            return
        time = asyncio.get_running_loop().time
        left = self._left()
        self._limit.reschedule(None)
        await self._policy.rate_limiter.acquire()
        self._limit.reschedule(time() + left)

    def _left(self) -> float:
        """How much of its time is left, in seconds."""
        end = self._limit.when()
        return inf if end is None else end - asyncio.get_running_loop().time()

    def _error_of(self, request: httpx.Request, reply: Reply) -> MetaStudioError:
        """The error, with what is known here of how it came to it."""
        error = error_of(reply.answer, retry_after=seconds_to_wait(reply.headers))
        if isinstance(error, OperationUnknown) and self._context.experience.has_served:
            error.advice = OTHERS_WORK
        if isinstance(error, CredentialRefused) and "X-Sdk-Date" in request.headers:
            error.advice = self._wrong_clock() or error.advice
        return error

    def _wrong_clock(self) -> str | None:
        """What to do where a signature was refused because this machine's clock is wrong."""
        offset = self._context.cloud_clock.offset
        if offset is None or abs(offset) <= LARGEST_CLOCK_DIFFERENCE:
            return None
        return (
            f"Whoever runs the bot: set this machine's clock right. It is {abs(offset) // _MINUTE} minutes "
            f"{'ahead of' if offset < timedelta() else 'behind'} MetaStudio's, which allows 15."
        )

    async def _pause(self, retries: int, error: MetaStudioError) -> None:
        """Wait before the next try: longer each time, and never less than was asked for.

        Raises:
            MetaStudioError: what is known, where no try or no time is left.
        """
        known = self._progress.note(error)
        asked = error.retry_after if isinstance(error, Throttled) else None
        pause = BACKOFF.pause(retries + 1, chance=self._context.jitter(), asked=asked)
        if retries == MAX_RETRIES or pause >= self._left():
            raise known from None
        self._progress.awaits = "another try"
        await self._context.sleep(pause)


@asynccontextmanager
async def call_within(seconds: float, context: CallContext, policy: RetryPolicy) -> AsyncIterator[Call]:
    """A call that ends within so many seconds, retries and logins included, waiting for its turn not.

    Raises:
        MetaStudioError: what is known when the time is up.
    """
    limit = asyncio.timeout(seconds)
    call = Call(context, policy, seconds, limit)
    try:
        async with limit:
            yield call
    except TimeoutError:
        raise call.out_of_time() from None
