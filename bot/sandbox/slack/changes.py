"""Notify listeners about changes: only the kind of change, so that this costs nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

ChangeKind: TypeAlias = Literal["messages", "views", "home", "traffic", "log", "sockets", "workspace"]


class Listener:
    """A listener: kinds accumulate, each once, until they are fetched."""

    def __init__(self) -> None:
        self._kinds: dict[ChangeKind, None] = {}
        self._woken = asyncio.Event()
        self._released = False

    def tell(self, kind: ChangeKind) -> None:
        self._kinds[kind] = None
        self._woken.set()

    def release(self) -> None:
        """End the listening, from outside."""
        self._released = True
        self._woken.set()

    async def next(self, patience: float) -> tuple[ChangeKind, ...] | None:
        """Return the kinds changed since the last call; empty after `patience` seconds, None at the end."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return ()
        self._woken.clear()
        kinds, self._kinds = tuple(self._kinds), {}
        return None if self._released else kinds


class Changes:
    """The notifier that tells every listener of every change."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    @property
    def heard(self) -> bool:
        """Whether anybody listens; otherwise nobody needs to look for changes."""
        return bool(self._listeners)

    def tell(self, kind: ChangeKind) -> None:
        for listener in self._listeners:
            listener.tell(kind)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def release(self) -> None:
        """End the listening of all present listeners."""
        for listener in self._listeners:
            listener.release()
