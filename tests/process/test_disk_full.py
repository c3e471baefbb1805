"""The disk is full for a while: nothing is started unlogged, and nothing that was started is lost."""

import json
import resource
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.conftest import Process, Spawn, StandIns, is_not_ready, is_up, until
from tests.stage import ROOM, free_port

FULL = 8192
"""In bytes. No file of the process grows beyond this: its process log is shorter, SQLite's are longer."""

needs_prlimit = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="the limit of another process can be set on Linux only"
)


def let_files_grow_to(process: Process, size: int) -> None:
    resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def rows(folder: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / "avatar-bot.db")) as database:
        return database.execute("SELECT room_id, status, job_id, announced_at FROM invocations").fetchall()


@needs_prlimit
def test_starts_are_refused_and_outcomes_are_written_once_there_is_room_again(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud = stand_ins("--answer-seconds", "1.5")
    port = free_port()
    quiet = {"AVATAR_HTTP_PORT": str(port), "AVATAR_LOG_LEVEL": "ERROR", "AVATAR_STARTS_PER_SECOND": "0"}
    bot = spawn("bot", "run", environment=cloud.environment | quiet)
    until(lambda: cloud.sockets() == 1, bot)
    cloud.command("lobby")
    cloud.command("busy")
    until(lambda: len(cloud.start_calls()) == 2, bot)
    let_files_grow_to(bot, FULL)

    ack = cloud.command(ROOM)["ack"]
    assert "The database cannot be used" in ack["text"]
    assert "Nothing was started." in ack["text"]
    assert is_not_ready(port)
    until(lambda: len(told(cloud)) == 2, bot)
    [job] = cloud.jobs()
    announcement = told(cloud, job["job_id"])
    assert len(announcement) == 1
    assert len(told(cloud, "MSS.20010135")) == 1
    assert {status for _, status, *_ in rows(tmp_path)} == {"starting"}
    until(lambda: bot.words.count("the database does not take it yet") >= 2, bot)

    let_files_grow_to(bot, resource.RLIM_INFINITY)
    until(lambda: is_up(port), bot)
    until(lambda: all(announced for *_, announced in rows(tmp_path)), bot)
    assert {row[:3] for row in rows(tmp_path)} == {
        ("lobby", "started", job["job_id"]),
        ("busy", "failed", None),
    }
    cloud.command("hall")
    until(lambda: len(cloud.jobs()) == 2, bot)
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0
    assert len(told(cloud, job["job_id"])) == 1
    assert cloud.start_calls() == {"lobby": 1, "busy": 1, "hall": 1}
    assert {json.loads(line)["event"] for line in bot.words.splitlines()} == {
        "refused, for the database cannot be used",
        "the outcome is not in the database yet",
        "the database does not take it yet",
    }


def told(cloud: StandIns, words: str = "") -> list[str]:
    """Return the messages besides acks."""
    return [
        message["text"]
        for message in cloud.messages()
        if message["origin"] != "ack" and words in message["text"]
    ]
