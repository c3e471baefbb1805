"""A record of all traffic between the stand-in and the app, without its secrets."""

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

ExchangeKind: TypeAlias = Literal["socket", "envelope", "ack", "request", "web_api", "response_url"]

KEPT = 5_000
"""The number of exchanges that are remembered; the oldest are dropped first."""

MASK = "…"

_SECRET_PARTS = re.compile(
    r"(?P<response_url>/(?:commands|actions)/\w+/\d+/)[\w-]+"
    r"|(?P<trigger_id>\b\d+\.\d+\.)[0-9a-f]{32}\b"
    r"|(?P<ticket>\bticket=)[\w-]+"
)
"""Secrets within any text; the named part before each may stay readable."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange.

    `n` counts them from 1. `kind`: "socket" (opened, closed, told to reconnect), "envelope" and "ack" (Socket
    Mode), "request" (signed HTTP), "web_api" and "response_url" (the app's calls). `name` is the method, path
    or envelope id. `sent` is what the side that began sent, `answer` what came back. `at` is in seconds since
    the epoch.
    """

    n: int
    at: float
    kind: ExchangeKind
    name: str
    sent: Any = None
    answer: Any = None
    milliseconds: float | None = None


class Traffic(deque[Exchange]):
    """The latest exchanges, oldest first."""

    def __init__(
        self, clock: Callable[[], float], secrets: Iterable[str], changed: Callable[[], None]
    ) -> None:
        super().__init__(maxlen=KEPT)
        self._clock = clock
        self._secrets = tuple(secret for secret in secrets if secret)
        self._changed = changed
        self._numbers = itertools.count(1)

    def record(
        self,
        kind: ExchangeKind,
        name: str,
        *,
        sent: Any = None,
        answer: Any = None,
        milliseconds: float | None = None,
    ) -> None:
        masked_sent, masked_answer = self._masked(sent), self._masked(answer)
        number, at = next(self._numbers), self._clock()
        self.append(Exchange(number, at, kind, self._cut(name), masked_sent, masked_answer, milliseconds))
        self._changed()

    def _masked(self, value: Any) -> Any:
        """Copy a JSON value, safe from later changes to the original, with every secret shortened."""
        if isinstance(value, str):
            return self._cut(value)
        if isinstance(value, dict):
            return {key: MASK if key == "token" else self._masked(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._masked(part) for part in value]
        return value

    def _cut(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, secret[:5] + MASK)
        return _SECRET_PARTS.sub(lambda found: found[found.lastgroup or 0] + MASK, text)
