"""A record of everything that crossed between the stand-in and the app, without its secrets."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

ExchangeKind: TypeAlias = Literal["socket", "envelope", "ack", "request", "web_api", "response_url"]

KEPT = 5_000
"""How many exchanges are remembered; the oldest go first."""

MASK = "…"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing that crossed.

    `kind`: "socket" (opened, closed, told to reconnect), "envelope" and "ack" (Socket Mode), "request"
    (signed HTTP), "web_api" and "response_url" (calls of the app). `name` is the method, path or envelope
    id. `sent` is what whoever began it sent, `answer` what came back. `at` is in seconds since the epoch.
    """

    at: float
    kind: ExchangeKind
    name: str
    sent: Any = None
    answer: Any = None
    milliseconds: float | None = None


class Traffic(deque[Exchange]):
    """The latest exchanges, oldest first."""

    def __init__(self, clock: Callable[[], float], secrets: Iterable[str]) -> None:
        super().__init__(maxlen=KEPT)
        self._clock = clock
        self._secrets = tuple(secret for secret in secrets if secret)

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
        self.append(Exchange(self._clock(), kind, name, masked_sent, masked_answer, milliseconds))

    def _masked(self, value: Any) -> Any:
        """A copy of a JSON value, safe from later changes to the original, with every secret cut short."""
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, secret[:5] + MASK)
            return value
        if isinstance(value, dict):
            return {key: MASK if key == "token" else self._masked(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._masked(part) for part in value]
        return value
