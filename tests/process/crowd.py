"""People who type commands, each for a different room, and remember what Slack told them."""

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Self

import aiohttp

from tests.process.conftest import StandIns


@dataclass(frozen=True, slots=True)
class Typed:
    """One command and its result: Slack's word for a failure, or the bot's answer."""

    room_id: str
    error: str | None
    answer: str

    @property
    def is_promised(self) -> bool:
        """Whether the command was acknowledged without a word, so that the room is being started."""
        return self.error is None and not self.answer


class Crowd:
    """A crowd that types at a steady rate from entry to exit, even if the bot does not answer."""

    def __init__(self, stand_ins: StandIns, *, per_second: float) -> None:
        self.typed: list[Typed] = []
        self._url = stand_ins.commands_url
        self._pause = 1 / per_second
        self._enough = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self._typing: Future[None] | None = None

    def __enter__(self) -> Self:
        self._typing = self._thread.submit(asyncio.run, self._type_on())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.shutdown()
        if self._typing is not None and error is None:
            self._typing.result()

    @property
    def promised(self) -> int:
        """The number of commands whose answer said that the room is being started."""
        return sum(typed.is_promised for typed in self.typed)

    async def _type_on(self) -> None:
        async with _session() as session, asyncio.TaskGroup() as group:
            for number in count(1):
                if self._enough.is_set():
                    break
                group.create_task(self._type(session, f"room-{number:05d}"))
                await asyncio.sleep(self._pause)

    async def _type(self, session: aiohttp.ClientSession, room_id: str) -> None:
        self.typed.append(await _type(session, self._url, room_id))


def type_all(stand_ins: StandIns, room_ids: Iterable[str], *, at_once: int) -> list[Typed]:
    """Type all commands, `at_once` at a time, as fast as they are answered."""
    return asyncio.run(_type_all(stand_ins.commands_url, room_ids, at_once))


async def _type_all(url: str, room_ids: Iterable[str], at_once: int) -> list[Typed]:
    left, typed = iter(room_ids), list[Typed]()

    async def type_one_after_another(session: aiohttp.ClientSession) -> None:
        for room_id in left:
            typed.append(await _type(session, url, room_id))

    async with _session() as session, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(type_one_after_another(session))
    return typed


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), raise_for_status=True)


async def _type(session: aiohttp.ClientSession, url: str, room_id: str) -> Typed:
    async with session.post(url, json={"command": "/avatar-start", "text": room_id}) as response:
        result = await response.json()
    return Typed(room_id, result["error"], (result["ack"] or {}).get("text", ""))
