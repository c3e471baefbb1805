"""The process log's handler: a repeated line is written once and then counted."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

import structlog
from typing_extensions import override

WINDOW_SECONDS = 60.0
"""Seconds after a line during which its repetitions are only counted; then the count is logged."""

MOST_LINES = 1000
"""The number of different lines that are remembered, the newest ones."""


@dataclass(slots=True)
class _Repeated:
    """A line that was written, and how many times it has been repeated since."""

    at: float
    logger: str
    level: int
    event: str
    times: int = 0


class OnceHandler(logging.StreamHandler[TextIO]):
    """A stream handler that holds back repeated lines, except those at DEBUG."""

    def __init__(self, stream: TextIO, *, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._now = now
        self._seen: dict[int, _Repeated] = {}
        self._timer: threading.Timer | None = None

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno <= logging.DEBUG or self._is_new(record):
            super().emit(record)

    def say_repeats(self, *, all_of_them: bool = False) -> None:
        """Log how often lines were repeated: those whose time is over, and the oldest if space is needed."""
        self.acquire()
        try:
            before = self._now() - (0.0 if all_of_them else WINDOW_SECONDS)
            over = []
            while self._seen:  # the oldest comes first
                key, line = next(iter(self._seen.items()))
                if line.at > before and len(self._seen) < MOST_LINES:
                    break
                over.append(line)
                del self._seen[key]
        finally:
            self.release()
        for line in over:
            if line.times:
                structlog.get_logger(line.logger).log(
                    line.level, "a line was repeated", times=line.times, line=line.event
                )

    @override
    def close(self) -> None:
        """Log the remaining counts and close the handler."""
        if self._timer:
            self._timer.cancel()
        self.say_repeats(all_of_them=True)
        super().close()

    def _is_new(self, record: logging.LogRecord) -> bool:
        event, rest = _content(record)
        key, now = hash((record.name, record.levelno, event, rest)), self._now()
        line = self._seen.get(key)
        if line is not None and now - line.at < WINDOW_SECONDS:
            line.times += 1
            if self._timer is None:
                self._start_timer()
            return False
        if line is not None or len(self._seen) >= MOST_LINES:
            self.say_repeats()
        self._seen[key] = _Repeated(now, record.name, record.levelno, event[:200])
        return True

    def _start_timer(self) -> None:
        self._timer = threading.Timer(WINDOW_SECONDS, self._time_is_up)
        self._timer.daemon = True
        self._timer.start()

    def _time_is_up(self) -> None:
        self._timer = None
        self.say_repeats()
        if any(line.times for line in list(self._seen.values())):
            self._start_timer()


def _content(record: logging.LogRecord) -> tuple[str, str]:
    """Return what distinguishes a line from others: its event and all fields except the time."""
    if isinstance(record.msg, dict):
        facts = {name: value for name, value in record.msg.items() if name not in {"event", "timestamp"}}
        if facts.get("exc_info") is True:
            facts["exc_info"] = sys.exc_info()[1]
        return str(record.msg.get("event")), repr(facts)
    try:
        return record.getMessage(), repr(record.exc_info and record.exc_info[1])
    except Exception:  # noqa: BLE001 - the stream handler reports a line that cannot be formatted
        return str(record.msg), repr(record.args)
