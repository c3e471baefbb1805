"""Committing an invocation before its ack: within the time limit, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.durable.accept import ASK_SECONDS, COMMIT_SECONDS, Acceptance
from bot.durable.claims import Claims
from bot.durable.retry import BACKOFF
from bot.errors import DatabaseUnavailable
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.runtime.background import Tasks
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.sqlite_driver import BUSY_MILLISECONDS
from tests.fakes import FlakyLog, SlowLog, an_invocation, changed
from tests.locked import locked
from tests.metastudio.cloud import Pauses

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
INVOCATION = an_invocation(
    id="invocation-1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U0MEI00001",
    trigger_id="trigger-1",
    lease_until=datetime(2026, 1, 1, 12, 1, tzinfo=UTC),
)


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
def slow_log(database: Database) -> SlowLog:
    return SlowLog(database, records=True)


@pytest.fixture
async def tasks(database: Database) -> AsyncIterator[Tasks]:
    """End the background tasks of a test before the database is closed."""
    tasks = Tasks()
    yield tasks
    await tasks.cancel()


def acceptance_of(log: Invocations, tasks: Tasks, *, seconds: float = COMMIT_SECONDS) -> Acceptance:
    return Acceptance(log, tasks, Claims(log, tasks, now=lambda: NOON), seconds=seconds)


async def rows(log: Invocations) -> list[Invocation]:
    return [row async for row in log.find()]


async def test_what_is_committed_is_in_the_log_before_anybody_is_told(log: Invocations, tasks: Tasks) -> None:
    assert await acceptance_of(log, tasks).commit(INVOCATION) is True
    assert await rows(log) == [INVOCATION]


async def test_the_same_delivery_is_committed_once(log: Invocations, tasks: Tasks) -> None:
    acceptance = acceptance_of(log, tasks)
    await acceptance.commit(INVOCATION)
    assert await acceptance.commit(replace(INVOCATION, id="invocation-2")) is False
    assert await rows(log) == [INVOCATION]


async def test_a_duplicate_is_committed_only_where_duplicates_are_wanted(
    log: Invocations, tasks: Tasks
) -> None:
    acceptance = acceptance_of(log, tasks)
    first = changed(INVOCATION, room_id="lobby")
    duplicate = changed(first, id="invocation-2", trigger_id="trigger-2")
    await acceptance.commit(first, unless_duplicate=True)
    assert await acceptance.commit(duplicate, unless_duplicate=True) is False
    assert await rows(log) == [first]
    assert await acceptance.commit(duplicate) is True
    assert await rows(log) == [first, duplicate]


async def test_a_write_that_fails_is_said_to_have_failed(
    database: Database, log: Invocations, tasks: Tasks
) -> None:
    async with database.connect() as connection:
        await connection.execute(text("DROP TABLE invocations"))
    with pytest.raises(DatabaseUnavailable, match="no such table"):
        await acceptance_of(log, tasks).commit(INVOCATION)
    async with asyncio.timeout(5):  # nothing has to be called off
        await tasks.idle()


def test_slack_hears_before_it_gives_up_after_three_seconds() -> None:
    assert BUSY_MILLISECONDS / 1000 < COMMIT_SECONDS < 3


async def test_a_locked_log_is_said_to_be_locked(log: Invocations, tasks: Tasks, tmp_path: Path) -> None:
    with locked(tmp_path / "log.db"), pytest.raises(DatabaseUnavailable):
        await acceptance_of(log, tasks).commit(INVOCATION)
    await tasks.idle()
    assert await rows(log) == []


async def test_a_write_that_is_too_slow_is_called_off_and_ends_as_refused(
    slow_log: SlowLog, tasks: Tasks
) -> None:
    with pytest.raises(DatabaseUnavailable, match="database_writes_slowly"):
        await acceptance_of(slow_log, tasks, seconds=0.05).commit(INVOCATION)
    assert await rows(slow_log) == []
    slow_log.opened.set()
    await tasks.idle()
    assert await rows(slow_log) == [
        replace(
            INVOCATION,
            status=Status.REFUSED,
            reason=reason(Code.CALLED_OFF),
            lease_until=None,
        )
    ]


async def test_the_button_or_form_of_a_row_that_is_called_off_can_be_used_again(
    slow_log: SlowLog, tasks: Tasks
) -> None:
    pressed = changed(INVOCATION, previous_id="invocation-0")
    with pytest.raises(DatabaseUnavailable, match="database_writes_slowly"):
        await acceptance_of(slow_log, tasks, seconds=0.05).commit(pressed)
    slow_log.opened.set()
    await tasks.idle()
    again = changed(pressed, id="invocation-2", trigger_id="trigger-2")
    assert await acceptance_of(slow_log, tasks).commit(again) is True


async def test_a_row_that_is_there_although_the_log_said_no_is_called_off_as_soon_as_it_can_be(
    database: Database, tasks: Tasks
) -> None:
    log, pauses = FlakyLog(database, answers_lost=1, refuses=10), Pauses()
    claims = Claims(log, tasks, now=lambda: NOON)
    with pytest.raises(DatabaseUnavailable, match="connection lost"):
        await Acceptance(log, tasks, claims, sleep=pauses).commit(INVOCATION)
    assert INVOCATION.id in claims
    await tasks.idle()

    [row] = await rows(log)
    assert (row.status, row.lease_until) == (Status.REFUSED, None)
    assert pauses == [BACKOFF.pause(failures) for failures in range(1, 11)]
    assert INVOCATION.id not in claims


async def test_a_bot_that_ends_before_it_could_call_a_row_off_hands_it_to_nobody(
    database: Database, tasks: Tasks
) -> None:
    log = FlakyLog(database, answers_lost=1, refuses=10_000)
    claims = Claims(log, tasks, now=lambda: NOON)
    with pytest.raises(DatabaseUnavailable):
        await Acceptance(log, tasks, claims, sleep=lambda _: asyncio.sleep(60)).commit(INVOCATION)
    await tasks.drain(0)

    assert await rows(log) == [INVOCATION]


@pytest.mark.parametrize("status", [Status.DONE, Status.INVALID, Status.REFUSED])
async def test_what_was_answered_at_once_and_written_too_late_stays_what_it_is(
    slow_log: SlowLog, tasks: Tasks, status: Status
) -> None:
    asked = replace(INVOCATION, action=Action.HELP, status=status, lease_until=None)
    with pytest.raises(DatabaseUnavailable):
        await acceptance_of(slow_log, tasks, seconds=0.05).commit(asked)
    slow_log.opened.set()
    await tasks.idle()
    assert await rows(slow_log) == [asked]


async def test_a_duplicate_that_is_found_too_late_changes_nothing(
    log: Invocations, slow_log: SlowLog, tasks: Tasks
) -> None:
    first = changed(INVOCATION, room_id="lobby")
    await log.record(first)
    duplicate = changed(first, id="invocation-2", trigger_id="trigger-2")
    with pytest.raises(DatabaseUnavailable):
        await acceptance_of(slow_log, tasks, seconds=0.05).commit(duplicate, unless_duplicate=True)
    slow_log.opened.set()
    await tasks.idle()
    assert await rows(log) == [first]


async def test_a_late_write_of_a_delivery_that_is_there_already_changes_nothing(
    log: Invocations, slow_log: SlowLog, tasks: Tasks
) -> None:
    await log.record(INVOCATION)
    with pytest.raises(DatabaseUnavailable):
        await acceptance_of(slow_log, tasks, seconds=0.05).commit(replace(INVOCATION, id="invocation-2"))
    slow_log.opened.set()
    await tasks.idle()
    assert await rows(log) == [INVOCATION]


async def test_what_the_log_is_asked_it_answers_or_says_that_it_cannot(
    log: Invocations, tasks: Tasks
) -> None:
    await log.record(INVOCATION)
    acceptance = acceptance_of(log, tasks)

    async def fails() -> None:
        raise DatabaseUnavailable(other("The database cannot be used: database is locked."))

    assert await acceptance.ask(log.get(INVOCATION.id)) == INVOCATION
    with pytest.raises(DatabaseUnavailable, match="database is locked"):
        await acceptance.ask(fails())


async def test_an_answer_of_the_log_that_takes_too_long_is_not_waited_for(
    log: Invocations, tasks: Tasks
) -> None:
    done: list[str] = []
    free = asyncio.Event()

    async def slow() -> None:
        await free.wait()
        done.append("slow")

    with pytest.raises(DatabaseUnavailable, match="database_answers_slowly"):
        await acceptance_of(log, tasks).ask(slow())
    free.set()
    await tasks.idle()
    assert done == ["slow"]


async def test_an_answer_that_fails_after_nobody_waits_for_it_is_no_bug(
    log: Invocations, tasks: Tasks
) -> None:
    async def fails_late() -> None:
        await asyncio.sleep(ASK_SECONDS + 0.05)
        raise DatabaseUnavailable(other("It is being closed."))

    with capture_logs() as lines:
        with pytest.raises(DatabaseUnavailable, match="database_answers_slowly"):
            await acceptance_of(log, tasks).ask(fails_late())
        await tasks.idle()
    assert lines == []


def test_a_question_and_a_commit_together_leave_time_for_the_ack() -> None:
    assert ASK_SECONDS + COMMIT_SECONDS < 3


async def test_whoever_stops_waiting_does_not_stop_the_write(slow_log: SlowLog, tasks: Tasks) -> None:
    waiting = asyncio.create_task(acceptance_of(slow_log, tasks, seconds=0.05).commit(INVOCATION))
    await asyncio.sleep(0.01)
    waiting.cancel()
    slow_log.opened.set()
    await tasks.idle()
    assert waiting.cancelled()
    assert await rows(slow_log) == [INVOCATION]
