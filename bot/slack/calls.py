"""Calls to Slack: what an answer says, and which call is made again.

| what came | the call is | and then |
|---|---|---|
| an answer that says so, as Slack does | done | |
| 429, 5xx, a word for a trouble that passes | not done | it is made again, after a pause |
| no answer, or one that is not Slack's | perhaps done | it is made again: better told twice than never |
| any other word | not done | the caller looks for another way |

All within a number of tries, and within the time that the caller gives.
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
"""How long one try may take: less than half of the time that a post to a channel has."""

MOST_TRIES = 3
MOST_THROTTLED_TRIES = 6
BACKOFF = Backoff(first=0.3, spread=1.0)
LONGEST_PAUSE_SECONDS = 10.0
"""Where Slack asks for a longer one, nobody waits: another way is looked for, or it is tried later."""

_NO_RETRY_AFTER = 1.0
_TOO_MANY = 429

_log = structlog.get_logger()

T = TypeVar("T")


class SlackCalls:
    """Makes calls. `time_factor` multiplies how long a try may take; `jitter` gives numbers in [0, 1)."""

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
        """What a call returns, once it is done.

        Raises:
            SlackFailure: it was not, and making it again at this moment is of no use.
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
            _log.info("a call to Slack is made again", reason=failure.word, seconds=round(pause, 1))
            await self._sleep(pause)
        raise AssertionError

    def _pause(self, failure: SlackFailure, tries: int) -> float | None:
        """How long to wait before the next try; None where there is to be none."""
        asked = failure.retry_after
        most = MOST_TRIES if asked is None else MOST_THROTTLED_TRIES
        if failure.again is not Again.SOON or tries >= most or (asked or 0) > LONGEST_PAUSE_SECONDS:
            return None
        chance = self._jitter()
        return BACKOFF.pause(tries, chance=chance, asked=None if asked is None else asked + chance)


def failure_of(error: BaseException) -> SlackFailure:
    """What a call ended in. What is no refusal is unknown: the call may have been carried out."""
    if isinstance(error, SlackFailure):
        return error
    if not isinstance(error, SlackApiError):
        return SlackFailure(word_for(error), Again.SOON)
    data, headers = getattr(error.response, "data", None), getattr(error.response, "headers", None) or {}
    return _refusal(status_of(error), data, headers, unsaid=Again.SOON)


def said_by(answer: Any, *names: str) -> tuple[str, ...]:
    """The parts of a Web API answer that say what was done, such as where a message is.

    Raises:
        SlackFailure: they are not there, so it is not Slack who has answered.
    """
    values = tuple(answer.get(name) for name in names)
    if answer.get("ok") is not True or not all(isinstance(value, str) and value for value in values):
        raise SlackFailure("not_slacks_answer", Again.SOON)
    return values


async def post_to_response_url(
    session: aiohttp.ClientSession, url: str, body: Mapping[str, Any], *, proxy: str | None
) -> None:
    """Post to a response_url, once.

    It has delivered only where it says so: Slack answers "ok", as text or in JSON. Slack does not redirect.

    Raises:
        SlackFailure: it has not; 404 is an address that is used up or too old.
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
    """Why Slack did not do it. `unsaid` is when the same may work, where Slack has no word for why not."""
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
