import asyncio
import re
import sys
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Text, column, insert, inspect, table, text
from structlog.testing import capture_logs

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.post import Purpose
from bot.errors import StartupError, Unreachable
from bot.messages.reasons import sentence
from bot.reasons import Reason, other
from bot.reasons import ReasonCode as Code
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from bot.store.migrate import migrate, newest_revision
from bot.store.posts import Posts
from bot.store.rows import values_of
from bot.store.tables import VERSION_TABLE, invocations, metadata
from tests.fakes import an_invocation, flat
from tests.messages.every_reason import REASONS_OF_SENTENCES
from tests.steps import adopting, step_to

PROCESS = """
import asyncio, sys
from bot.store.connect import open_database
from bot.store.migrate import migrate, newest_revision

async def start():
    async with open_database(sys.argv[1]) as engine:
        print("ready", flush=True)
        sys.stdin.readline()
        await migrate(engine)

asyncio.run(start())
print("migrated")
"""


ADDED_LATER = {
    "reason_code",
    "reason_args",
    "job_state",
    "configuration",
    "channel_kind",
    "foreign_team_id",
    "room_name",
    "previous_id",
    "after_job_id",
    "started_at",
    "adopted_at",
    "ended_at",
    "lease_until",
}


NEVER_SENTENCES = {
    Code.ALREADY_RUNNING,
    Code.BREAK_GLASS_NOT_ALLOWED,
    Code.BREAK_GLASS_REASON_MISSING,
    Code.BUTTON_NAMES_NO_MISTAKE,
    Code.GROUP_EMPTY,
    Code.GROUP_UNKNOWN,
    Code.JOB_NOT_OVER,
    Code.NO_START_HERE,
    Code.QUICK_START_NOT_ALLOWED,
    Code.STARTS_PER_HOUR,
}
"""Reasons that came after sentences were no longer stored."""

RENAMED = {"deadline": "lease_until"}


def scripts_config() -> Config:
    config = Config()
    folder = Path(sys.modules[migrate.__module__].__file__ or "").parent
    config.set_main_option("script_location", str(folder / "migrations"))
    return config


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(scripts_config())


ALL_REVISIONS = [script.revision for script in scripts().walk_revisions()][::-1]


def migrate_to(connection: Connection, revision: str) -> None:
    config = scripts_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def an_old_row(number: int, status: str, **known: str | int | datetime | None) -> dict[str, object]:
    row = an_invocation(
        id=f"i{number}",
        created_at=datetime(2026, 1, 1, 12, number, tzinfo=UTC),
        action=Action.START,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        user_id="U0MEI00001",
    )
    columns = {name: value for name, value in values_of(row).items() if name not in ADDED_LATER}
    known = {"reason": None, **known}
    return columns | {"status": status, "deadline": None} | known


def type_of(name: str) -> Any:
    """Return the type of a column in an earlier version."""
    return Text() if name == "reason" else invocations.c[RENAMED.get(name, name)].type


def status_of(why: Reason) -> int | None:
    return 403 if why.code is Code.METASTUDIO_SAYS else None


def differences(connection: Connection) -> object:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return compare_metadata(context, metadata)


async def test_the_migrated_schema_is_the_one_of_the_tables(database: Database) -> None:
    async with database.connect() as connection:
        assert await connection.run_sync(differences) == []


INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()",
}


def schema_of(connection: Connection) -> dict[str, object]:
    """Return the database's own description of the bot's tables, without the order of columns."""
    found = inspect(connection)
    schema: dict[str, object] = {}
    for name in metadata.tables:
        for each in found.get_columns(name):
            schema[f"{name}.{each['name']}"] = {**each, "type": str(each["type"])}
        schema[f"{name}: primary key"] = found.get_pk_constraint(name)
        schema[f"{name}: unique"] = found.get_unique_constraints(name)
    indexes = connection.execute(text(INDEXES[connection.dialect.name]))
    return schema | {name: sql for name, sql in indexes if not name.startswith(VERSION_TABLE)}


async def test_the_tables_make_what_the_migrations_make_to_the_last_word_of_an_index(
    database: Database,
) -> None:
    async with database.connect() as connection:
        migrated = await connection.run_sync(schema_of)
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
        assert await connection.run_sync(schema_of) == migrated
    partial = {name: str(sql) for name, sql in migrated.items() if " WHERE " in str(sql)}
    assert len(partial) == 13
    assert "UNIQUE" in str(migrated["invocations_by_previous"])
    assert ("USING hash" in str(migrated["invocations_by_job"])) == (database.dialect.name == "postgresql")


async def test_migrating_twice_is_harmless(database: Database) -> None:
    await migrate(database)
    await Invocations(database).check_writable()
    async with database.connect() as connection:
        versions = (await connection.execute(text("SELECT version_num FROM avatar_bot_version"))).scalars()
        assert len(list(versions)) == 1
        assert await connection.run_sync(differences) == []


async def test_four_engines_may_migrate_at_once(new_database_url: str) -> None:
    async def start() -> None:
        async with open_database(new_database_url) as engine:
            await migrate(engine)
            await Invocations(engine).check_writable()

    await asyncio.gather(*(start() for _ in range(4)))


async def test_four_processes_may_migrate_at_once(new_database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROCESS,
            new_database_url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    async with asyncio.timeout(30):
        for process in processes:
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
        printed = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [output for output, _ in printed] == [b"migrated\n"] * 4
    async with open_database(new_database_url) as engine, engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_schema_of_somebody_elses_is_left_alone(new_database_url: str) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE invocations (id INTEGER)"))
        with pytest.raises(StartupError, match="The database cannot be migrated"):
            await migrate(engine)
        async with engine.connect() as connection:
            await connection.execute(text("INSERT INTO invocations VALUES (1)"))
            assert (await connection.execute(text("SELECT id FROM invocations"))).scalars().all() == [1]


async def test_a_migration_that_fails_leaves_nothing_half_done(new_database_url: str) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE invocations (id INTEGER)"))
        with pytest.raises(StartupError):
            await migrate(engine)
        async with engine.connect() as connection:
            await connection.execute(text("DROP TABLE invocations"))
        await migrate(engine)
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def test_a_log_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it(
    new_database_url: str,
) -> None:
    announced = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    old = [
        an_old_row(1, "help", action="help", text="help", trigger_id="t1"),
        an_old_row(2, "started", job_id="job-1", latency_ms=420, http_status=202, announced_at=announced),
        an_old_row(
            3, "received", room_id="lobby", text="lobby 👋", response_url="https://a", deadline=announced
        ),
    ]
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(migrate_to, "0001")
            then = table("invocations", *(column(name, type_of(name)) for name in old[0]))
            for row in old:
                await connection.execute(insert(then).values(**row))
        await migrate(engine)
        log = Invocations(engine)
        received, started, helped = [row async for row in log.find()]
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []

        assert (helped.status, helped.action, helped.origin.trigger_id) == (Status.DONE, Action.HELP, "t1")
        assert (started.status, flat(started).job_id, started.latency_ms) == (Status.STARTED, "job-1", 420)
        assert started.told.announced_at == announced
        assert (received.text, received.origin.response_url) == ("lobby 👋", "https://a")
        assert flat(received).job_state is flat(received).configuration is None
        assert await log.overdue(announced, limit=10) == [received]
        assert await log.adopt(await unknown(log, received), adopting("job-2"))
        running = await JobLists(log._database).running(received, limit=10)
        assert [row.job.job_id for row in running] == ["job-2"]


def said_before_codes(why: Reason) -> str:
    """Return the sentence that a version without codes stored: it called the database "the log"."""
    return re.sub(r"^The database (?=cannot|has|takes|took)", "The log ", sentence(why))


async def test_sentences_become_reasons_that_say_the_same(new_database_url: str) -> None:
    kinds = (("failed", "start"), ("refused", "stop"), ("unknown", "start"))
    old = []
    said_now = {}
    for number, (why, (status, action)) in enumerate(product(REASONS_OF_SENTENCES, kinds)):
        known = {"reason": said_before_codes(why), "http_status": status_of(why), "action": action}
        old.append(an_old_row(number % 60, status, id=f"i{number:04}", **known))
        said_now[f"i{number:04}"] = sentence(why)
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(migrate_to, "0004")
            for row in old:
                row["lease_until"] = row.pop("deadline")
            then = table("invocations", *(column(name, type_of(name)) for name in old[0]))
            await connection.execute(insert(then), old)
        await migrate(engine)
        rows = {row.id: row async for row in Invocations(engine).find()}

    for row in old:
        now = rows[str(row["id"])].reason
        assert now is not None
        assert sentence(now) == said_now[str(row["id"])]
    codes = {row.reason.code for row in rows.values() if row.reason}
    left_out = {Code.OPERATION_UNKNOWN_IN_REGION, *NEVER_SENTENCES}
    assert codes >= {why.code for why in REASONS_OF_SENTENCES} - left_out


@pytest.mark.parametrize(
    "said",
    [
        "It was the cat's doing. `x` 猫",
        "Too many starts are waiting: this one had no turn within e.e seconds.",
    ],
    ids=["another one", "a number that is none"],
)
async def test_a_sentence_that_nobody_knows_stays_as_it_is(new_database_url: str, said: str) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(migrate_to, "0004")
            row = an_old_row(1, "failed", reason=said)
            row["lease_until"] = row.pop("deadline")
            then = table("invocations", *(column(name, type_of(name)) for name in row))
            await connection.execute(insert(then).values(**row))
        await migrate(engine)
        [now] = [row async for row in Invocations(engine).find()]
    assert now.reason == other(said)


async def test_messages_that_stand_and_people_who_wait_to_be_told_become_posts(new_database_url: str) -> None:
    at = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    old = [
        an_old_row(1, "started", job_id="job-1", announced_at=at, message_channel="C1", message_ts="1.2"),
        an_old_row(2, "started", job_id="job-2"),
        an_old_row(3, "failed"),
        an_old_row(4, "done", action="stop"),
        an_old_row(5, "unknown"),
        an_old_row(6, "received"),
        an_old_row(7, "refused"),
    ]
    columns = [*(name for name in old[0] if name != "deadline"), "job_state", "lease_until"]
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(migrate_to, "0004")
            then = table("invocations", *(column(name, type_of(name)) for name in columns))
            for row in old:
                del row["deadline"]
                told = row["id"] in {"i1", "i7"}
                row |= {"lease_until": None if told else at, "job_state": "running" if told else "accepted"}
                await connection.execute(insert(then).values(**row))
        await migrate(engine)
        posts, log = Posts(engine), Invocations(engine)
        [stands] = await posts.of("i1")
        assert (stands.purpose, stands.channel, stands.ts) == (Purpose.ANNOUNCEMENT, "C1", "1.2")
        assert (stands.state, stands.shown_state, stands.done_at) == (JobState.RUNNING, JobState.RUNNING, at)
        due = {each.invocation.id: each.post.purpose for each in await posts.due(at, limit=10)}
        assert due == {"i2": Purpose.ANNOUNCEMENT, "i3": Purpose.PRIVATE, "i4": Purpose.PRIVATE}
        assert {row.id for row in await log.overdue(at, limit=10)} == {"i5", "i6"}


async def unknown(log: Invocations, received: Invocation) -> Invocation:
    moved = await log.advance(received, step_to(Status.UNKNOWN))
    assert moved is not None
    return moved


async def test_a_log_of_a_newer_version_is_said_to_be_one(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(text("UPDATE avatar_bot_version SET version_num = '9999'"))
    with pytest.raises(StartupError, match="The database was made by a newer version of the bot"):
        await migrate(database)


async def tables_of(database: Database) -> set[str]:
    async with database.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


@pytest.mark.parametrize("revision", [*ALL_REVISIONS[:-1]])
async def test_a_log_of_any_older_revision_is_brought_to_the_newest(
    new_database_url: str, revision: str
) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(migrate_to, revision)
        await migrate(engine)
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []


def test_the_newest_revision_is_the_one_that_alembic_takes_for_it() -> None:
    assert newest_revision() == scripts().get_current_head()


@pytest.mark.parametrize("revision", ["0001", "0002", "0003"])
async def test_a_log_that_notes_its_revision_in_alembics_own_table_is_moved_over(
    new_database_url: str, revision: str
) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(migrate_to, revision)
            await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            await connection.execute(text("INSERT INTO alembic_version SELECT * FROM avatar_bot_version"))
            await connection.execute(text("DROP TABLE avatar_bot_version"))
        await migrate(engine)
        assert await tables_of(engine) == {*metadata.tables, "avatar_bot_version"}
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("noted", [["9f2c1e7ab034"], ["0002"], ["one", "two"], []])
async def test_another_applications_alembic_version_is_left_alone(
    new_database_url: str, noted: list[str]
) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            for name in noted:
                await connection.execute(text("INSERT INTO alembic_version VALUES (:name)"), {"name": name})
        await migrate(engine)
        await migrate(engine)
        await Invocations(engine).check_writable()
        async with engine.connect() as connection:
            there = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars()
            assert sorted(there) == sorted(noted)


@pytest.mark.parametrize("name", ["invocations", "leases", "posts"])
async def test_another_applications_table_is_named(new_database_url: str, name: str) -> None:
    async with open_database(new_database_url) as engine:
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            await connection.execute(text("INSERT INTO alembic_version VALUES ('0002')"))
            await connection.execute(text(f"CREATE TABLE {name} (id INTEGER)"))
        with pytest.raises(StartupError, match=f"a table {name} already, which is not the bot's") as refused:
            await migrate(engine)
        assert "a database of its own" in refused.value.advice
        assert await tables_of(engine) == {"alembic_version", name}


async def test_a_user_without_rights_is_told_so(postgresql: Any, empty_postgresql_url: str) -> None:
    postgresql.psql("DO $$ BEGIN CREATE ROLE idle LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    async with open_database(empty_postgresql_url.replace("postgres:@", "idle:@")) as engine:
        with pytest.raises(StartupError, match="permission denied for schema public") as refused:
            await migrate(engine)
    assert not isinstance(refused.value, Unreachable)
    assert "rights" in refused.value.advice


async def test_a_row_of_a_newer_version_is_passed_over_where_the_log_is_shown(
    database: Database,
) -> None:
    async with database.connect() as connection:
        for number, status in enumerate(("postponed", "started"), 1):
            row = an_old_row(number, status)
            row["lease_until"] = row.pop("deadline")
            del row["reason"]
            await connection.execute(insert(invocations).values(row))
    with capture_logs() as lines:
        assert [row.id async for row in Invocations(database).find()] == ["i2"]
    assert "an invocation cannot be read" in str(lines)
