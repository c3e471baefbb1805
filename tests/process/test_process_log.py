"""The process's standard error when nobody reads it."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.process.conftest import Process, Spawn, StandIns, until


@pytest.mark.parametrize("fate", ["full", "closed", "disk full"])
def test_commands_are_answered_and_the_bot_stops_although_nobody_reads_the_process_log(
    spawn: Spawn, stand_ins: Callable[..., StandIns], fate: str
) -> None:
    cloud = stand_ins()
    if fate == "disk full":
        reading, writing = None, os.open("/dev/full", os.O_WRONLY)
    else:
        reading, writing = os.pipe()
    environment = cloud.environment | {"AVATAR_HTTP_PORT": "0", "AVATAR_LOG_LEVEL": "DEBUG"}
    bot: Process = spawn("bot", "run", environment=environment, stderr=writing)
    os.close(writing)
    if reading is not None and fate == "closed":
        os.close(reading)
    until(lambda: cloud.sockets() == 1, bot)
    for _ in range(60):
        assert cloud.command("help")["ack"]
    bot.send(signal.SIGTERM)

    assert bot.wait() == 0
    if reading is not None and fate == "full":
        os.close(reading)
