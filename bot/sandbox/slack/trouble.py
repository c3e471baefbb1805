"""Injected trouble: what the stand-in does wrong, for which method, for how long."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

TroubleKind: TypeAlias = Literal[
    "ratelimited", "server_error", "hang", "lost", "cut", "answered", "turned_away", "away"
]

RESPONSE_URL = "response_url"
"""Stands for posts to a response_url, in place of a method."""

SOCKET = "socket"
"""Stands for new WebSockets, in place of a method."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to give instead of Slack's own."""

    status: int = 200
    body: str = ""
    content_type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """One active fault.

    `method` None means every Web API method, `left` None any number of times. `until` is in seconds since the
    epoch. `answer` is given without doing anything; with `blocks_only`, calls without blocks are not
    affected. `word` is Slack's reason for turning a socket away.
    """

    kind: TroubleKind
    method: str | None
    until: float
    left: int | None
    answer: Answered = Answered()
    blocks_only: bool = False
    word: str = ""

    def strikes(self, method: str, now: float, *, has_blocks: bool) -> bool:
        everywhere = self.kind == "away" or method not in {RESPONSE_URL, SOCKET}
        concerned = self.method == method or (self.method is None and everywhere)
        return concerned and now < self.until and self.left != 0 and (has_blocks or not self.blocks_only)


class Trouble:
    """The present faults of Slack; none at first."""

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
        retry_after: int | str | None = 1,
    ) -> None:
        """Answer 429 with `Retry-After`: in seconds, as any text, or without it (None)."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        answer = Answered(429, '{"ok": false, "error": "ratelimited"}', "application/json", headers)
        self._add(Fault("ratelimited", method, self._clock() + seconds, times, answer))

    def server_errors(
        self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None
    ) -> None:
        """Answer 500 without doing anything."""
        self._add(Fault("server_error", method, self._clock() + seconds, times))

    def hang(self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None) -> None:
        """Accept the request and never answer it, until `clear` or the end of the stand-in."""
        self._add(Fault("hang", method, self._clock() + seconds, times))

    def lose_answers(
        self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None
    ) -> None:
        """Do what was asked, then drop the connection instead of answering."""
        self._add(Fault("lost", method, self._clock() + seconds, times))

    def cut_connections(
        self, method: str | None = None, *, seconds: float = math.inf, times: int | None = None
    ) -> None:
        """Drop the connection without doing anything."""
        self._add(Fault("cut", method, self._clock() + seconds, times))

    def refuse(
        self,
        error: str,
        method: str | None = None,
        *,
        blocks_only: bool = False,
        seconds: float = math.inf,
        times: int | None = None,
    ) -> None:
        """Answer 200 with `ok` false and this error: to every call, or only to calls with blocks."""
        answer = Answered(200, json.dumps({"ok": False, "error": error}), "application/json")
        until = self._clock() + seconds
        self._add(Fault("answered", method, until, times, answer, blocks_only=blocks_only))

    def answer_with(
        self,
        answer: Answered,
        method: str | None = None,
        *,
        seconds: float = math.inf,
        times: int | None = None,
    ) -> None:
        """Answer with this, as a proxy does, without doing anything."""
        self._add(Fault("answered", method, self._clock() + seconds, times, answer))

    def turn_away(
        self,
        reason: str = "too_many_websockets",
        *,
        seconds: float = math.inf,
        times: int | None = None,
    ) -> None:
        """Accept each new socket only to tell it at once to disconnect, and why."""
        self._add(Fault("turned_away", SOCKET, self._clock() + seconds, times, word=reason))

    def go_away(self, *, seconds: float = math.inf) -> None:
        """Cut every connection, as if Slack did not exist."""
        self._add(Fault("away", None, self._clock() + seconds, None))

    def abort(self) -> None:
        """Drop every socket without a message."""
        self._abort()

    async def disconnect(self) -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        await self._disconnect()

    def clear(self) -> None:
        """End all trouble; hanging calls continue."""
        self._faults.clear()
        self._over.set()
        self._over = asyncio.Event()

    def take(self, method: str, *, has_blocks: bool = False) -> Fault | None:
        """Return the fault that affects this call, and count it."""
        now = self._clock()
        self._faults = [fault for fault in self._faults if now < fault.until and fault.left != 0]
        for fault in self._faults:
            if fault.strikes(method, now, has_blocks=has_blocks):
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    async def until_over(self) -> None:
        """Wait until `clear` is next called."""
        await self._over.wait()

    def _add(self, fault: Fault) -> None:
        self._faults.append(fault)
