"""With SQLite, the process after a crash is alone, and continues the unfinished work at once."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.process.conftest import Spawn, StandIns, until
from tests.process.crowd import type_all
from tests.process.replica import Replica
from tests.stage import MEI

CROWD = 16
SECONDS = 3.0


def untold(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "avatar-bot.db")) as database:
        [(number,)] = database.execute("SELECT count(*) FROM invocations WHERE announced_at IS NULL")
    return int(number)


def test_everybody_knows_of_their_job_within_three_seconds(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud = stand_ins("--answer-seconds", "5")
    bot = Replica(spawn, cloud.environment | {"AVATAR_STARTS_PER_SECOND": "0"})
    bot.start()
    bot.wait_until_up()
    rooms = [f"room-{number}" for number in range(CROWD)]
    type_all(cloud, rooms, at_once=CROWD)
    until(lambda: len(cloud.start_calls()) == CROWD, bot.process)
    bot.kill()
    assert untold(tmp_path) == CROWD
    bot.start()
    bot.wait_until_up()
    until(lambda: untold(tmp_path) == 0, bot.process, seconds=SECONDS)
    assert cloud.start_calls() == dict.fromkeys(rooms, 1)
    assert len(cloud.jobs()) == CROWD


def test_a_start_is_sent_although_the_process_dies_after_the_stop_that_it_waited_for(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud = stand_ins()
    bot = Replica(spawn, cloud.environment)
    bot.start()
    bot.wait_until_up()
    cloud.command("full")
    until(lambda: bool(told_of_full(cloud)), bot.process)
    cloud.cloud_trouble({"kind": "hang", "operation": "state"})
    cloud.click("stop_and_start-1", told_of_full(cloud)[0], viewer=MEI)
    until(lambda: [job["state"] for job in cloud.jobs()] == ["SUCCEED"], bot.process)
    bot.kill()
    cloud.cloud_trouble({"kind": "clear"})
    assert cloud.start_calls() == {"full": 1}

    bot.start()
    bot.wait_until_up()
    until(lambda: len(cloud.jobs()) == 2 and untold(tmp_path) == 1, bot.process)
    assert cloud.start_calls() == {"full": 2}


def told_of_full(cloud: StandIns) -> list[dict[str, Any]]:
    return [message for message in cloud.messages() if "it is full" in message["text"]]
