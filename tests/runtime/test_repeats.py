"""Repeated lines of the process log."""

import io
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.runtime import repeats
from bot.runtime.process_log import configure_logging
from bot.settings import LogFormat, LogLevel
from tests.runtime.test_process_log import logging_left_as_it_was

__all__ = ["logging_left_as_it_was"]


def read_available(descriptor: int) -> str:
    """Read everything available without waiting."""
    os.set_blocking(descriptor, False)
    said = b""
    try:
        while data := os.read(descriptor, 65536):
            said += data
    except BlockingIOError:
        pass
    os.set_blocking(descriptor, True)
    return said.decode()


class Log:
    """The process log in JSON, with its own clock."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._out = io.StringIO()
        self.handler = configure_logging(
            level=LogLevel.DEBUG, style=LogFormat.JSON, secrets=[], stream=self._out
        )
        self.handler._now = lambda: self.seconds

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._out.getvalue().splitlines()]


@pytest.fixture
def log(logging_left_as_it_was: None) -> Iterator[Log]:
    log = Log()
    yield log
    log.handler.close()


def test_the_same_line_is_written_once_and_counted(log: Log) -> None:
    for _ in range(1000):
        structlog.get_logger("bot").error("no connection can be taken", reason="Too many open files")
    assert log.events == ["no connection can be taken"]

    log.seconds = repeats.WINDOW_SECONDS
    log.handler.say_repeats()
    assert log.lines[1]["event"] == "a line was repeated"
    assert log.lines[1]["level"] == "error"
    assert (log.lines[1]["times"], log.lines[1]["line"]) == (999, "no connection can be taken")


def test_lines_that_differ_in_anything_are_all_written(log: Log) -> None:
    for number in range(5):
        structlog.get_logger("bot").info("started", invocation_id=number)
        logging.getLogger("library").warning("retry %s", number)

    assert log.events.count("started") == 5
    assert len(log.events) == 10


def test_a_library_that_repeats_itself_with_a_traceback_is_counted_too(log: Log) -> None:
    error = OSError(24, "Too many open files")
    for _ in range(3):
        logging.getLogger("asyncio").error("socket.accept() out of system resource", exc_info=error)
    assert len(log.lines) == 1


def test_the_line_is_written_again_after_a_while_and_after_its_count(log: Log) -> None:
    logger = structlog.get_logger("bot")
    for seconds in (0, 10, 61):
        log.seconds = seconds
        logger.warning("not connected")

    assert log.events == ["not connected", "a line was repeated", "not connected"]


def test_at_the_end_every_count_is_said(log: Log) -> None:
    for _ in range(3):
        structlog.get_logger("bot").warning("not connected")
    log.handler.close()

    assert [line.get("times") for line in log.lines] == [None, 2]


def test_at_debug_nothing_is_held_back(log: Log) -> None:
    for _ in range(3):
        structlog.get_logger("bot").debug("a step")

    assert log.events == ["a step"] * 3


def test_a_line_that_comes_again_is_counted_however_many_different_ones_there_were(log: Log) -> None:
    logger = structlog.get_logger("bot")
    for number in range(repeats.MOST_LINES + 10):
        logger.info("started", invocation_id=number)
    for _ in range(100):
        logger.error("no connection can be taken")

    assert log.events.count("no connection can be taken") == 1
