"""After thousands of uses a process holds hardly more memory than after the first thousand."""

import os
import time
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path

from tests.process.audit import everybody_knows, no_job_runs, rows_in
from tests.process.conftest import Process, Spawn, StandIns, Tell, until
from tests.process.crowd import type_all
from tests.process.replica import Replica

FIRST = 1_000
LATER = int(os.environ.get("MEMORY_USES", "2000"))
STRETCH = 3_000
"""Uses after which the bot catches up: jobs whose end it has not seen yet take memory legitimately."""

STARTS_IN_TEN = int(os.environ.get("MEMORY_STARTS_IN_TEN", "3"))
"""How many of ten uses start a job, which is announced and followed to its end; the others cost less."""

AT_ONCE = 20
MOST_GROWTH = 4_096 + LATER * 2 // 3
"""In KiB: the usual growth of an allocator, and less than one for each use."""

QUICK_LIVES = ("--pace", "0.001")
PLENTY = {"AVATAR_STARTS_PER_SECOND": "0", "AVATAR_READS_PER_SECOND": "1000"}


def use(number: int) -> str:
    """Return the command of this number: starts, and commands that the bot answers itself."""
    if number % 10 < STARTS_IN_TEN:
        return f"room-{number:05d}"
    return ("help", f"room-{number:05d} nowhere", f"no/room/{number}", "too many words in here")[number % 4]


def resident(process: Process) -> int:
    """Return the process's memory in KiB."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_thousands_of_uses_leave_nothing_behind_in_memory(
    spawn: Spawn, stand_ins: Callable[..., StandIns], sqlite_url: str, tell: Tell
) -> None:
    began, cloud, uses = time.monotonic(), stand_ins(*QUICK_LIVES), map(use, count())
    bot = Replica(spawn, cloud.environment | {"AVATAR_DATABASE_URL": sqlite_url} | PLENTY)
    bot.start()
    bot.wait_until_up()

    def type_on(uses_now: int) -> None:
        type_all(cloud, islice(uses, uses_now), at_once=AT_ONCE)
        until(lambda: everybody_knows(sqlite_url) and no_job_runs(sqlite_url), seconds=120)

    type_on(FIRST)
    after_first = resident(bot.process)
    for done in range(0, LATER, STRETCH):
        type_on(min(STRETCH, LATER - done))
    growth = resident(bot.process) - after_first

    tell(
        f"Memory: {after_first / 1024:.1f} MiB after {FIRST} uses, {growth / 1024:+.1f} MiB after {LATER} "
        f"more; of all, {len(cloud.jobs())} have started jobs, {time.monotonic() - began:.0f} s"
    )
    assert growth <= MOST_GROWTH
    assert len(rows_in(sqlite_url)) >= (FIRST + LATER) * 0.99
