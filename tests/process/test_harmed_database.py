"""Another program harms a running bot's database: the bot acknowledges nothing that it did not commit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process.conftest import Spawn, StandIns, is_not_ready, is_up, until
from tests.stage import free_port

A_PAGE = 4096
"""The size of the database file until the first checkpoint of its `-wal`."""


def remove_the_wal(folder: Path) -> None:
    (folder / "avatar-bot.db-wal").unlink()


def cut_in_half(folder: Path) -> None:
    file = folder / "avatar-bot.db"
    until(lambda: file.stat().st_size > A_PAGE)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


@pytest.mark.parametrize("harm", [remove_the_wal, cut_in_half])
def test_a_harmed_database_is_noticed_before_the_next_start(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    cloud, port = stand_ins(), free_port()
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": str(port)})
    until(lambda: is_up(port), bot)
    assert cloud.command("lobby")["error"] is None
    until(lambda: cloud.start_calls() == {"lobby": 1}, bot)
    harm(tmp_path)
    acks = [cloud.command(f"room-{number}")["ack"]["text"] for number in range(5)]
    assert [ack for ack in acks if "restart the bot" not in ack] == []
    until(lambda: is_not_ready(port), bot)
    assert cloud.start_calls() == {"lobby": 1}


def test_files_that_others_may_read_are_named_at_start(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    for name in ("avatar-bot.db", ".env"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    bot = spawn("bot", "run", environment=stand_ins().environment | {"AVATAR_HTTP_PORT": "0"})
    until(lambda: all(f"chmod 600 {name}" in bot.words for name in ("avatar-bot.db", ".env")), bot)
