"""No frequent query reads the whole invocation log, however long it grows."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import event, text

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.domain.steps import RoomFound
from bot.store import pruning
from bot.store.database import Database
from bot.store.duplicates import duplicate_queries
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from bot.store.posts import Posts
from bot.store.pruning import Pruning
from bot.store.quick_starts import QuickStarts
from bot.store.statements import _dialect_of, _prepared
from bot.store.watched_jobs import WatchedJobs
from tests.fakes import an_invocation
from tests.steps import adopting

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
START = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.UNKNOWN,
    user_id="U1",
    room_id="lobby",
    region="cn-north-4",
)

Sent = tuple[str, Any]
Ask = Callable[[Invocations, WatchedJobs], Awaitable[object]]


async def read(rows: AsyncIterator[Invocation]) -> None:
    async for _ in rows:
        pass


async def found(log: Invocations, number: int) -> None:
    """Run one of the two queries for duplicates."""
    queries, values = duplicate_queries(START)
    await log._read(queries[number], values)


USER, ROOM, JOB, SINCE = {"user_id": "U1"}, {"room_id": "lobby"}, {"job_id": "job-1"}, {"since": NOON}
FAILED, RECEIVED = {"status": Status.FAILED}, {"status": Status.RECEIVED}
FOUND_BY: list[tuple[dict[str, Any], str]] = [
    (USER, "by_user"),
    (ROOM, "by_room"),
    (JOB, "by_job"),
    (FAILED, "by_status"),
    (RECEIVED, "by_status"),
    (USER | FAILED, "by_user_and_status"),
    (USER | RECEIVED, "by_status"),
    (USER | ROOM, "by_room"),
    (USER | JOB, "by_job"),
    (USER | SINCE, "by_user"),
    (ROOM | FAILED, "by_room"),
    (ROOM | RECEIVED, "by_status"),
    (ROOM | JOB, "by_job"),
    (ROOM | SINCE, "by_room"),
    (JOB | FAILED, "by_job"),
    (JOB | SINCE, "by_job"),
    (FAILED | SINCE, "by_status"),
    (USER | FAILED | SINCE, "by_user_and_status"),
]
"""The filters of the log, alone and any two together, and the index for them."""


def rows_by(wanted: dict[str, Any]) -> Ask:
    return lambda log, _: read(log.find(**wanted, limit=50))


def named(wanted: dict[str, Any]) -> str:
    return f"rows by {' and '.join(f'{name} {value}' for name, value in wanted.items())}"


ASKED: dict[str, tuple[Ask, str | tuple[str, ...]]] = {
    "a start without a duplicate, in a room without a job": (
        lambda log, _: log.record(START, unless_duplicate=True, unless_running=True),
        ("open", "by_previous", "by_start", "running"),
    ),
    "a duplicate of a start that is under way or unknown": (
        lambda log, _: found(log, 0),
        ("open", "by_previous"),
    ),
    "a duplicate that has just started": (lambda log, _: found(log, 1), ("by_start",)),
    "the jobs that hold a full room": (lambda log, _: log.holding_room("lobby"), ("running",)),
    "a job that runs in the room": (lambda log, _: log.running_in_room(START), ("running",)),
    "the last start of a channel": (lambda log, _: log.last_start("C1"), ("by_channel",)),
    "the last start of a person": (lambda log, _: log.last_start_of("U1"), ("by_user",)),
    "the room of a start by name": (
        lambda log, _: log.find_room(START, RoomFound(room_id="lobby", room_name="Lobby")),
        ("by_start", "open", "by_previous"),
    ),
    "what came of a button": (lambda log, _: log.next_of("i1"), ("by_previous",)),
    "other unknown starts": (lambda log, _: log.other_unknown_starts(START), ("open",)),
    "who owns a job that is adopted": (lambda log, _: log.adopt(START, adopting("job-1")), "by_job"),
    "what is overdue": (lambda log, _: log.overdue(NOON, limit=200), "by_lease"),
    "what a clock that was set back would hold up": (lambda log, _: log.bring_back(NOON), "by_lease"),
    "the start of a job": (lambda log, _: log.find_start("job-1"), "by_job"),
    "whose the jobs are": (lambda log, _: log.known_jobs(["job-1", "job-2"]), "by_job"),
    "what runs": (lambda log, _: JobLists(log._database).running(START, limit=45), "followed"),
    "the rooms of the last day": (
        lambda log, _: JobLists(log._database).rooms_started(START, since=NOON),
        "by_time",
    ),
    "the rooms of open starts": (
        lambda log, _: JobLists(log._database).open_starts(["r1", "r2"]),
        "by_status",
    ),
    "whose the jobs of outside are": (
        lambda log, _: JobLists(log._database).accounted_for(["job-1", "job-2"]),
        "by_job",
    ),
    "the starts of jobs": (
        lambda log, _: JobLists(log._database).starts_of_jobs(["job-1", "job-2"]),
        "by_job",
    ),
    "old response_urls": (lambda log, _: log.forget_response_urls(NOON), "with_response_url"),
    "all jobs to follow": (lambda _, watched_jobs: watched_jobs.followed(), "followed"),
    "new jobs to follow": (lambda _, watched_jobs: watched_jobs.followed(since=NOON), "followed"),
    "one job to follow": (lambda _, watched_jobs: watched_jobs.followed(job_id="job-1"), "by_job"),
    "the latest stops": (lambda _, watched_jobs: watched_jobs.stops(since=NOON), "by_status"),
    "who stopped a job": (lambda _, watched_jobs: watched_jobs.stop_of("job-1"), "by_job"),
    "the newest rows": (lambda log, _: read(log.find(limit=50)), "by_time"),
    "rows since then": (lambda log, _: read(log.find(since=NOON)), "by_time"),
    **{named(wanted): (rows_by(wanted), index) for wanted, index in FOUND_BY},
}

SORTED = {named(wanted) for wanted, index in FOUND_BY if index == "by_job"}
"""Queries whose rows are sorted after they were found: a job has few."""

IN_ITS_ORDER = {"what runs", "all jobs to follow", "new jobs to follow", "the newest rows"}
"""Queries that read an index from its beginning: a small index, or only up to the limit."""


@contextmanager
def listening_to(database: Database) -> Iterator[list[Sent]]:
    """Yield the statements that reach the database, with their parameters."""
    sent: list[Sent] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        def note_too(statement: str, parameters: Any, **turn: Any) -> Any:
            sent.append((statement, tuple(parameters)))
            return method(statement, parameters, **turn)

        return note_too

    event.listen(database.sync_engine, "before_cursor_execute", note)
    with (
        patch.object(database, "write", noting(database.write)),
        patch.object(database, "read", noting(database.read)),
    ):
        yield sent
    event.remove(database.sync_engine, "before_cursor_execute", note)


async def plans_of(database: Database, ask: Ask) -> list[list[str]]:
    """Return the database's query plan for each statement."""
    with listening_to(database) as sent:
        await ask(Invocations(database), WatchedJobs(database))
    return [await plan_of(database, statement, parameters) for statement, parameters in sent]


async def plan_of(database: Database, statement: str, parameters: Any) -> list[str]:
    async with database.connect() as connection:
        if database.dialect.name == "sqlite":
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [row.detail for row in rows]
        await connection.execute(
            text("SET enable_seqscan = off")
        )  # for an empty table a full scan is fastest
        rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return [row[0] for row in rows]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_sqlite_finds_it_by_the_index_that_was_made_for_it(database: Database, asked: str) -> None:
    ask, index = ASKED[asked]
    plans = await plans_of(database, ask)
    assert plans
    for plan in plans:
        steps = [step for step in plan if "INDEX" in step or "SCAN" in step if "autoindex" not in step]
        steps = [step for step in steps if "CONSTANT ROW" not in step]
        reads = "SCAN" if asked in IN_ITS_ORDER else "SEARCH"
        indexes = (index,) if isinstance(index, str) else index
        assert len(steps) == len(indexes), plan
        for step, name in zip(steps, indexes, strict=True):
            assert step.startswith(reads), plan
            assert f"INDEX invocations_{name}" in step, plan
        is_sorted = "USE TEMP B-TREE FOR ORDER BY" in plan
        assert is_sorted == (asked in SORTED), plan


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_the_beginning_of_an_id_is_looked_up_by_the_primary_key(database: Database) -> None:
    [plan] = await plans_of(database, lambda log, _: log.ids_from("0198c0de", limit=6))
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH invocations USING COVERING INDEX sqlite_autoindex_invocations_1")


@pytest.mark.parametrize("database_url", ["postgresql_url"], indirect=True, ids=["PostgreSQL"])
async def test_postgresql_has_an_index_for_all_of_it(database: Database) -> None:
    asks = {asked: ask for asked, (ask, _) in ASKED.items()}
    asks["the beginning of an ID"] = lambda log, _: log.ids_from("0198c0de", limit=6)
    plans = {
        asked: "\n".join(step for plan in await plans_of(database, ask) for step in plan)
        for asked, ask in asks.items()
    }
    assert [asked for asked, plan in plans.items() if "Seq Scan" in plan] == []
    small = {"the rooms of open starts"}
    assert {asked for asked, plan in plans.items() if "Index Cond" not in plan} <= IN_ITS_ORDER | small


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_the_list_of_jobs_and_a_home_tab_are_read_by_indexes(database: Database) -> None:
    lists = JobLists(database)
    plans = await plans_of(database, lambda _log, _jobs: lists.recent(START, since=NOON, limit=45))
    plans += await plans_of(database, lambda _log, _jobs: lists.uses_of("U1", limit=10))
    plans += await plans_of(database, lambda _log, _jobs: lists.starts_of("U1"))
    used = [re.search(r"INDEX (?:invocations_)?(\w+)", plan[0]) for plan in plans]
    indexes = ["by_status", "followed", "ended", "followed", "ended", "by_user", "by_user"]
    assert [found and found[1] for found in used] == indexes, plans
    assert all(len(plan) == 1 for plan in plans), plans


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_a_quick_start_is_found_by_the_indexes_of_its_two_places(database: Database) -> None:
    quick_starts = QuickStarts(database)
    [plan] = await plans_of(database, lambda _log, _jobs: quick_starts.named("T1", "C1", "lobby"))
    assert any("quick_starts_of_channels (team_id=? AND channel_id=? AND name=?)" in step for step in plan)
    assert any("quick_starts_of_everywhere (team_id=? AND name=?)" in step for step in plan)
    assert not any(step.startswith("SCAN") for step in plan)


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_due_posts_and_those_of_a_job_are_found_by_their_indexes(database: Database) -> None:
    posts = Posts(database)
    [due] = await plans_of(database, lambda _log, _jobs: posts.due(NOON, limit=200))
    [held] = await plans_of(database, lambda _log, _jobs: posts.held("i1", NOON))
    assert "SEARCH posts USING INDEX posts_due (next_attempt_at<?)" in due
    assert "SEARCH posts USING INDEX posts_by_invocation (invocation_id=?)" in held
    [back] = await plans_of(database, lambda _log, _jobs: posts.bring_back(NOON))
    assert not any(step.startswith("SCAN posts") and "posts_due" not in step for step in back), back
    [panels] = await plans_of(database, lambda _log, _jobs: posts.refresh_panels("C1", now=NOON))
    assert "SEARCH posts USING INDEX posts_panels (channel=?)" in panels
    for plan in (due, held, panels):
        assert not any(step.startswith("SCAN") or "TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_old_rows_are_found_and_removed_by_indexes(database: Database) -> None:
    [following] = await plans_of(database, lambda _log, _jobs: Pruning(database).remove(NOON))
    prepared = _prepared(pruning._REMOVING, _dialect_of(database))
    values = {"before": NOON, **dict.fromkeys(pruning._IDS, "i1")}
    removing = await plan_of(database, prepared.sql, tuple(prepared.parameters(values)))
    assert (
        following[0] == "SEARCH invocations USING INDEX invocations_by_time (created_at>? AND created_at<?)"
    )
    assert removing[0] == "SEARCH invocations USING INDEX sqlite_autoindex_invocations_1 (id=?)"
    for plan in (following, removing):
        assert "SEARCH post USING INDEX posts_by_invocation (invocation_id=?)" in plan
        assert "SEARCH other USING INDEX invocations_by_status (status=?)" in plan
        assert not any(step.startswith("SCAN") for step in plan), plan


@pytest.mark.parametrize("database_url", ["sqlite_url"], indirect=True, ids=["SQLite"])
async def test_what_is_asked_all_the_time_shares_a_turn_with_the_writes(database: Database) -> None:
    by_sqlalchemy: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        by_sqlalchemy.append(statement)

    event.listen(database.sync_engine, "before_cursor_execute", note)
    for asked, (ask, _) in ASKED.items():
        if "rows" not in asked:  # which are listed for a person who waits
            await ask(Invocations(database), WatchedJobs(database))
    assert [sql for sql in by_sqlalchemy if sql.startswith("SELECT")] == []


async def test_words_of_ours_are_part_of_the_sql_so_that_sqlite_plans_it_once(database: Database) -> None:
    with listening_to(database) as sent:
        await Invocations(database).record(START, unless_duplicate=True, unless_running=True)
    [(sql, parameters)] = sent
    assert sql.count("action = 'start'") == 3
    assert "status = 'started'" in sql
    assert "lobby" not in sql
    assert "lobby" in parameters
