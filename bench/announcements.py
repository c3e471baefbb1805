"""Pass announcements from the stand-ins to the load generator through a pipe.

Each item has the command's number and the time of the machine's monotonic clock, which all processes share.
The time in the pipe is therefore in no figure.
"""

import asyncio
import os
import struct
import time

_NEWS = struct.Struct("<qd")


def send(pipe: int, number: int) -> None:
    """Report that a command is announced now. So few bytes arrive whole or not at all."""
    os.write(pipe, _NEWS.pack(number, time.monotonic()))


class Announcements:
    """The waiters for the announcements of commands."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._awaited: dict[int, asyncio.Future[float]] = {}

    def listen(self) -> None:
        """Receive announcements from now on."""
        os.set_blocking(self._pipe, False)
        asyncio.get_running_loop().add_reader(self._pipe, self._read)

    def expect(self, number: int) -> "asyncio.Future[float]":
        """Return a future for the time of this command's first announcement. Later ones change nothing."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited[number] = future
        return future

    def forget(self, number: int) -> None:
        """Forget a command that nobody waits for any more."""
        self._awaited.pop(number, None)

    def _read(self) -> None:
        for number, at in _NEWS.iter_unpack(os.read(self._pipe, _NEWS.size * 1024)):
            future = self._awaited.pop(number, None)
            if future is not None and not future.done():
                future.set_result(at)
