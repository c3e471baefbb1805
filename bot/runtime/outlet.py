"""A standard error that never blocks: a thread writes the lines and counts those it cannot write.

Without it, a pipe that nobody reads, a stopped terminal or a hanging disk would stop the event loop in the
middle of a line, and with it every ack.
"""

import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from typing_extensions import override

KEPT_BYTES = 1024 * 1024
"""The most bytes that may wait to be written; further lines are dropped."""

CLOSE_SECONDS = 1.0
"""Seconds to wait at the end for the last lines to be written."""

CHUNK_BYTES = 64 * 1024


class Outlet(io.TextIOBase):
    """A text stream whose `write` never blocks and never fails.

    `say_dropped` returns the line that reports dropped lines. It is written as soon as writing works again.
    """

    def __init__(self, descriptor: int, *, is_terminal: bool = False) -> None:
        super().__init__()
        self.say_dropped: Callable[[int], str] = lambda lines: (
            f"{lines} lines of the process log were dropped: they could not be written.\n"
        )
        self._descriptor = descriptor
        self._is_terminal = is_terminal
        self._waiting: deque[_Piece] = deque()
        self._bytes = 0
        self._dropped = 0
        self._failed = False
        self._ending = False
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write_all, name="process log", daemon=True)
        self._writer.start()

    @override
    def writable(self) -> bool:
        return True

    @override
    def isatty(self) -> bool:
        return self._is_terminal

    @override
    def write(self, text: str) -> int:
        piece = _Piece(text.encode("utf-8", "backslashreplace"))
        with self._changed:
            if self._bytes and self._bytes + len(piece.data) > KEPT_BYTES:
                self._dropped += 1
            else:
                self._say_dropped_if_any()
                self._keep(piece)
                self._failed = False
        return len(text)

    def end(self) -> None:
        """Write what is left, if that is possible in time."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._writer.join(CLOSE_SECONDS)

    def _keep(self, piece: "_Piece") -> None:
        self._waiting.append(piece)
        self._bytes += len(piece.data)
        self._changed.notify()

    def _say_dropped_if_any(self) -> None:
        if self._dropped:
            words = self.say_dropped(self._dropped).encode("utf-8", "backslashreplace")
            self._keep(_Piece(words, stands_for=self._dropped))
            self._dropped = 0

    def _write_all(self) -> None:
        while pieces := self._next():
            written = self._write(b"".join(piece.data for piece in pieces))
            with self._changed:
                self._bytes -= sum(len(piece.data) for piece in pieces)
                if not written:
                    self._dropped += sum(piece.stands_for for piece in pieces)
                    self._failed = True

    def _next(self) -> "list[_Piece]":
        """Return the next pieces to write, none at the end. After a failure, wait for a new line first."""
        with self._changed:
            while not self._waiting and not self._ending and (self._failed or not self._dropped):
                self._changed.wait()
            if not self._waiting and not self._failed:
                self._say_dropped_if_any()
            pieces, size = [], 0
            while self._waiting and size < CHUNK_BYTES:
                pieces.append(self._waiting.popleft())
                size += len(pieces[-1].data)
            return pieces

    def _write(self, data: bytes) -> bool:
        """Write the data, waiting as long as necessary for a reader; return whether all of it was written."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                writable = select.poll()
                writable.register(self._descriptor, select.POLLOUT)
                writable.poll()
            except OSError:
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes that are written together, and the number of lines that are lost if they are not."""

    data: bytes
    stands_for: int = 1


@contextmanager
def unblocked_stderr() -> Iterator[Outlet]:
    """Replace `sys.stderr` by an outlet. A process that started without one writes to the null device."""
    stderr = sys.stderr
    descriptor = os.open(os.devnull, os.O_WRONLY) if stderr is None else stderr.fileno()
    outlet = Outlet(descriptor, is_terminal=stderr is not None and stderr.isatty())
    sys.stderr = outlet
    try:
        yield outlet
    finally:
        outlet.end()
        sys.stderr = stderr
