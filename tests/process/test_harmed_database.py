"""A database that somebody else harms under a bot at work: nothing is acknowledged that is not in the log."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.conftest import Spawn, StandIns, is_not_ready, is_up, until
from tests.stage import free_port


def remove_the_wal(folder: Path) -> None:
    (folder / "avatar-bot.db-wal").unlink()


def cut_in_half(folder: Path) -> None:
    file = folder / "avatar-bot.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


@pytest.mark.parametrize("harm", [remove_the_wal, cut_in_half])
def test_it_is_noticed_before_the_next_start(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    cloud, port = stand_ins(), free_port()
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": str(port)})
    until(lambda: is_up(port), bot)
    assert cloud.command("lobby")["error"] is None
    until(lambda: cloud.start_calls() == {"lobby": 1}, bot)
    harm(tmp_path)
    acks = [cloud.command(f"room-{number}")["ack"]["text"] for number in range(5)]
    assert [ack for ack in acks if "start the bot anew" not in ack] == []
    until(lambda: is_not_ready(port), bot)
    assert cloud.start_calls() == {"lobby": 1}
