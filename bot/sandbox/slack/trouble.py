"""Trouble to order: what the stand-in does wrong, to which method, for how long."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

TroubleKind: TypeAlias = Literal[
    "ratelimited", "server_error", "hang", "lost", "refused", "turned_away", "away"
]

RESPONSE_URL = "response_url"
"""Stands for posts to a response_url where a method is asked for."""

SOCKET = "socket"
"""Stands for new WebSockets there."""


@dataclass(slots=True)
class Fault:
    """One kind of trouble under way.

    `method` None is every Web API method, `left` None any number of times. `until` is in seconds since the
    epoch, `retry_after` in seconds. `word` is what Slack calls the reason, where it says one.
    """

    kind: TroubleKind
    method: str | None
    until: float
    left: int | None
    retry_after: int = 0
    word: str = ""

    def strikes(self, method: str, now: float) -> bool:
        everywhere = self.kind == "away" or method not in {RESPONSE_URL, SOCKET}
        concerned = self.method == method or (self.method is None and everywhere)
        return concerned and now < self.until and self.left != 0


class Trouble:
    """What is wrong with Slack at the moment. Nothing, to begin with."""

    def __init__(
        self,
        clock: Callable[[], float],
        disconnect: Callable[[], Awaitable[None]],
        abort: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._disconnect = disconnect
        self._abort = abort
        self._faults: list[Fault] = []
        self._over = asyncio.Event()

    def rate_limit(
        self,
        method: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
        retry_after: int = 1,
    ) -> None:
        """Answer 429 with `Retry-After` in seconds."""
        self._add(Fault("ratelimited", method, self._clock() + seconds, times, retry_after))

    def server_errors(
        self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None
    ) -> None:
        """Answer 500 without doing anything."""
        self._add(Fault("server_error", method, self._clock() + seconds, times))

    def hang(self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None) -> None:
        """Take the request and never answer it, until `clear` or the end of the stand-in."""
        self._add(Fault("hang", method, self._clock() + seconds, times))

    def lose_answers(
        self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None
    ) -> None:
        """Do what was asked, then drop the connection instead of answering."""
        self._add(Fault("lost", method, self._clock() + seconds, times))

    def refuse(
        self, word: str, method: str | None = None, *, seconds: float = math.inf, times: int | None = None
    ) -> None:
        """Answer Web API calls with an error of Slack's, such as `token_revoked`."""
        self._add(Fault("refused", method, self._clock() + seconds, times, word=word))

    def turn_away(
        self,
        reason: str = "too_many_websockets",
        *,
        seconds: float = math.inf,
        times: int | None = None,
    ) -> None:
        """Let each new socket open only to be told that it has to go, and why."""
        self._add(Fault("turned_away", SOCKET, self._clock() + seconds, times, word=reason))

    def go_away(self, *, seconds: float = math.inf) -> None:
        """Cut every connection, as if there was no Slack."""
        self._add(Fault("away", None, self._clock() + seconds, None))

    def abort(self) -> None:
        """Drop every socket without a word."""
        self._abort()

    async def disconnect(self) -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        await self._disconnect()

    def clear(self) -> None:
        """Everything is well again; whatever hangs is let go."""
        self._faults.clear()
        self._over.set()
        self._over = asyncio.Event()

    def take(self, method: str) -> Fault | None:
        """The trouble that meets this call, counted as having happened."""
        now = self._clock()
        self._faults = [fault for fault in self._faults if now < fault.until and fault.left != 0]
        for fault in self._faults:
            if fault.strikes(method, now):
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    async def until_over(self) -> None:
        """Return when `clear` is next called."""
        await self._over.wait()

    def _add(self, fault: Fault) -> None:
        self._faults.append(fault)
