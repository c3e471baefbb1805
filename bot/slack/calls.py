"""Make calls to Slack: read the answer, and retry a call that may work in a moment.

| answer | the call was | then |
|---|---|---|
| success, in Slack's own form | carried out | |
| 429, 5xx, or an error code of a temporary failure | not carried out | it is retried after a pause |
| none, or not from Slack | perhaps carried out | it is retried: a message twice is better than none |
| any other error code | not carried out | the caller tries another route |

The number of tries is limited, and so is the time, by the caller.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, TypeVar

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.runtime.backoff import Backoff
from bot.runtime.retry_after import seconds_to_wait
from bot.slack.errors import SLACK_FAILURES, Again, SlackFailure, slack_word, status_of, when_again, word_for

TRY_SECONDS = 7.0
"""Time limit of one try: less than half of CHANNEL_SECONDS, so that there is time for a second try."""

MOST_TRIES = 3
MOST_THROTTLED_TRIES = 6
BACKOFF = Backoff(first=0.3, spread=1.0)
LONGEST_PAUSE_SECONDS = 10.0
"""If Slack asks for a longer pause, the call fails: the caller tries another route, or tries again later."""

_NO_RETRY_AFTER = 1.0
_TOO_MANY = 429

_log = structlog.get_logger()

T = TypeVar("T")


class SlackCalls:
    """Makes calls. `time_factor` multiplies the time limit of a try; `jitter` returns numbers in [0, 1)."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        time_factor: float = 1.0,
    ) -> None:
        self._sleep = sleep
        self._jitter = jitter
        self._time_factor = time_factor

    async def make(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, with retries, and return its result.

        Raises:
            SlackFailure: the call failed, and another try at this moment is useless.
        """
        for tries in count(1):
            try:
                async with asyncio.timeout(TRY_SECONDS * self._time_factor):
                    return await call()
            except SLACK_FAILURES as error:
                failure = failure_of(error)
            pause = self._pause(failure, tries)
            if pause is None:
                raise failure
            _log.info("a call to Slack will be retried", reason=failure.word, seconds=round(pause, 1))
            await self._sleep(pause)
        raise AssertionError

    def _pause(self, failure: SlackFailure, tries: int) -> float | None:
        """Return the seconds to wait before the next try; None if the call should not be retried."""
        asked = failure.retry_after
        most = MOST_TRIES if asked is None else MOST_THROTTLED_TRIES
        if failure.again is not Again.SOON or tries >= most or (asked or 0) > LONGEST_PAUSE_SECONDS:
            return None
        chance = self._jitter()
        return BACKOFF.pause(tries, chance=chance, asked=None if asked is None else asked + chance)


def failure_of(error: BaseException) -> SlackFailure:
    """Return the failure for an exception. If Slack did not refuse, the call may have been carried out."""
    if isinstance(error, SlackFailure):
        return error
    if not isinstance(error, SlackApiError):
        return SlackFailure(word_for(error), Again.SOON)
    data, headers = getattr(error.response, "data", None), getattr(error.response, "headers", None) or {}
    return _refusal(status_of(error), data, headers, unsaid=Again.SOON)


def said_by(answer: Any, *names: str) -> tuple[str, ...]:
    """Return the named fields of a successful Web API answer, such as the message's channel and ts.

    Raises:
        SlackFailure: fields are missing, so the answer is not from Slack.
    """
    values = tuple(answer.get(name) for name in names)
    if answer.get("ok") is not True or not all(isinstance(value, str) and value for value in values):
        raise SlackFailure("not_slacks_answer", Again.SOON)
    return values


async def post_to_response_url(
    session: aiohttp.ClientSession, url: str, body: Mapping[str, Any], *, proxy: str | None
) -> None:
    """Post to a response_url, once.

    The message is delivered only if the answer says "ok", as text or in JSON. Slack does not redirect.

    Raises:
        SlackFailure: it was not delivered. 404 means that the response_url is used up or too old.
    """
    async with session.post(url, json=body, proxy=proxy, allow_redirects=False) as response:
        text = (await response.read()).decode(errors="replace").strip()
    said = _json(text)
    if response.status == 200 and (text == "ok" or (isinstance(said, dict) and said.get("ok") is True)):
        return
    data = said if isinstance(said, dict) else {"error": text}
    unsaid = Again.SOON if response.status >= 500 else Again.NEVER
    raise _refusal(response.status, data, response.headers, unsaid=unsaid)


def _refusal(status: int, data: object, headers: Mapping[str, str], *, unsaid: Again) -> SlackFailure:
    """Return the failure for an answer. `unsaid` says when to retry if the answer has no error code."""
    word = slack_word(data.get("error")) if isinstance(data, dict) else None
    again = when_again(word) if word else unsaid
    if status == 413:
        return SlackFailure(word or f"HTTP {status}", Again.NEVER)
    if status == _TOO_MANY or word in {"ratelimited", "rate_limited"}:
        asked = seconds_to_wait(headers)
        wait = _NO_RETRY_AFTER if asked is None else asked
        return SlackFailure(word or f"HTTP {status}", Again.SOON, retry_after=wait)
    if status >= 500:
        again = Again.SOON
    return SlackFailure(word or f"HTTP {status}", again)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
