"""Bots are killed at any moment: nothing acknowledged is lost, and nothing is started twice."""

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.process.audit import Audit, everybody_knows, nothing_is_under_way
from tests.process.conftest import Spawn, StandIns, Tell, happens, until
from tests.process.crowd import Crowd
from tests.process.replica import Replica, times_said
from tests.stage import free_port

KILLS = int(os.environ.get("CHAOS_KILLS", "6"))
KILLS_OF_REPLICAS = max(1, KILLS * 2 // 5)
ACKNOWLEDGED_PER_KILL = 12
CROSSING_SECONDS = 0.25

FAST = {"AVATAR_STARTS_PER_SECOND": "0", "AVATAR_READS_PER_SECOND": "100"}
"""Eight times as many starts as by default, and therefore more reads of the cloud's jobs."""


@pytest.fixture
def seed() -> int:
    """Return the seed: CHAOS_SEED=… repeats a failed run, and each run prints its seed."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))


class Chance:
    """Random faults and their times."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def kill(self, bot: Replica) -> None:
        """Kill a bot that was just started: while it boots, right after, or during its work."""
        when = self._random.choice(("booting", "up", "at work", "at work", "at work"))
        if when == "booting":
            time.sleep(self._random.uniform(0.1, 1.0))
        else:
            bot.wait_until_up()
            time.sleep(self._random.uniform(0, 0.2) if when == "up" else self._random.uniform(0.2, 1.5))
        bot.kill()

    def kill_one_of(self, bots: list[Replica]) -> None:
        """Kill one after a while, start it again and, most of the time, wait until it is up."""
        time.sleep(self._random.uniform(0.1, 1.0))
        bot = self._random.choice(bots)
        bot.kill()
        bot.start()
        if self._random.random() < 0.8:
            bot.wait_until_up()

    def lose_an_answer(self, cloud: StandIns) -> None:
        """Let MetaStudio start one of the next jobs without an answer."""
        kind = self._random.choice(("down", "errors", "garbage"))
        cloud.cloud_trouble({"kind": kind, "operation": "start", "after": True, "times": 1})


def test_everything_acknowledged_is_started_once_and_announced_however_often_the_bot_is_killed(
    spawn: Spawn, stand_ins: Callable[..., StandIns], sqlite_url: str, seed: int, tell: Tell
) -> None:
    began, chance, port = time.monotonic(), Chance(seed), free_port()
    way_in = f"http://127.0.0.1:{port}/slack/events"
    cloud = stand_ins("--answer-seconds", "0.2", "--request-url", way_in)
    database = {"AVATAR_DATABASE_URL": sqlite_url}
    bot = Replica(spawn, cloud.environment | database | FAST, port=port)

    with Crowd(cloud, per_second=25) as crowd:
        for _ in range(KILLS):
            bot.start()
            chance.lose_an_answer(cloud)
            chance.kill(bot)
        bot.start()
        bot.wait_until_up()
        until(lambda: crowd.promised >= ACKNOWLEDGED_PER_KILL * KILLS, seconds=120)

    settled = happens(lambda: nothing_is_under_way(sqlite_url), seconds=30)
    told = happens(lambda: everybody_knows(sqlite_url), seconds=60)
    audit = Audit.of(crowd.typed, sqlite_url, cloud)
    tell(
        f"One bot on SQLite, seed {seed}: {KILLS} kills, {audit.figures()}, "
        f"{times_said([bot], 'taken over')} taken over, {time.monotonic() - began:.0f} s"
    )
    assert not (faults := audit.faults()), faults
    assert (settled, told) == (True, True)


def test_replicas_continue_the_work_of_a_killed_one(
    spawn: Spawn, stand_ins: Callable[..., StandIns], postgresql_url: str, seed: int, tell: Tell
) -> None:
    began, chance = time.monotonic(), Chance(seed)
    cloud = stand_ins("--answer-seconds", "0.2")
    database = {"AVATAR_DATABASE_URL": postgresql_url, "AVATAR_START_TIMEOUT": "5"}
    bots = [Replica(spawn, cloud.environment | database | FAST) for _ in range(3)]
    for bot in bots:
        bot.start()
    for bot in bots:
        bot.wait_until_up()

    with Crowd(cloud, per_second=25) as crowd:
        for _ in range(KILLS_OF_REPLICAS):
            chance.lose_an_answer(cloud)
            chance.kill_one_of(bots)
        until(lambda: crowd.promised >= ACKNOWLEDGED_PER_KILL * KILLS_OF_REPLICAS, seconds=120)

    settled = happens(lambda: nothing_is_under_way(postgresql_url), seconds=30)
    told = happens(lambda: everybody_knows(postgresql_url), seconds=60)
    audit = Audit.of(crowd.typed, postgresql_url, cloud)
    tell(
        f"Three replicas on PostgreSQL, seed {seed}: {KILLS_OF_REPLICAS} kills, {audit.figures()}, "
        f"{times_said(bots, 'taken over')} taken over, {time.monotonic() - began:.0f} s"
    )
    assert not (faults := audit.faults()), faults
    assert (settled, told) == (True, True)


def sent_as_a_socket_closed(cloud: StandIns) -> set[str]:
    """Return rooms whose commands were sent while a socket closed: the bot cannot stop Slack beforehand."""
    traffic = cloud.traffic()
    closed = [seen["at"] for seen in traffic if (seen["kind"], seen["answer"]) == ("socket", "closed")]
    return {
        seen["sent"]["payload"]["text"]
        for seen in traffic
        if seen["kind"] == "envelope" and any(0 <= end - seen["at"] < CROSSING_SECONDS for end in closed)
    }


def test_replicas_are_replaced_one_after_another_without_anybody_noticing(
    spawn: Spawn, stand_ins: Callable[..., StandIns], postgresql_url: str, tell: Tell
) -> None:
    began, cloud = time.monotonic(), stand_ins("--answer-seconds", "1")
    environment = cloud.environment | {"AVATAR_DATABASE_URL": postgresql_url} | FAST
    old, new = ([Replica(spawn, environment) for _ in range(3)] for _ in range(2))
    for bot in old:
        bot.start()
    for bot in old:
        bot.wait_until_up()

    with Crowd(cloud, per_second=10) as crowd:
        for leaving, coming in zip(old, new, strict=True):
            coming.start()
            coming.wait_until_up()
            assert leaving.stop() == 0

    told = happens(lambda: everybody_knows(postgresql_url), seconds=60)
    audit = Audit.of(crowd.typed, postgresql_url, cloud)
    tell(f"Three replicas replaced one after another: {audit.figures()}, {time.monotonic() - began:.0f} s")
    lost = {room.room_id for room in audit.rooms if not room.typed.is_promised and not room.rows}
    failed = [room for room in audit.rooms if not room.typed.is_promised and room.room_id not in lost]
    assert not failed, "\n".join(map(str, failed))
    assert lost <= sent_as_a_socket_closed(cloud)
    assert not (faults := audit.faults()), faults
    assert told
    assert audit.announced_twice == 0
    assert times_said(old + new, "taken over") == 0
