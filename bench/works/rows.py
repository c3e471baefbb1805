"""Invocation logs of any length, created by the database itself: a million rows in half a minute."""

import asyncio
import sqlite3
from pathlib import Path

from bench.identifiers import JOB, ROOM
from bench.postgresql import PostgreSql
from bench.stand_ins.slack import CHANNEL, TEAM, USER
from bot.store.connect import open_database
from bot.store.migrate import migrate

ROOMS = 100
"""The number of rooms that have the finished jobs of a long log."""

_COLUMNS = (
    "id, created_at, action, source, team_id, channel_id, user_id, text, room_id, region, status, "
    "http_status, request_id, job_id, job_state, configuration, latency_ms, trigger_id, "
    "message_channel, message_ts, announced_at"
)

_CONFIGURATION = '{"video_config":{"width":1920,"height":1080},"chat_video_type":"COMPUTER"}'

_ANNOUNCEMENTS = (
    "INSERT INTO posts (id, invocation_id, job_id, purpose, channel, ts, state, shown_state, revision, "
    "attempts, created_at, done_at) SELECT id || '-announcement', id, job_id, 'announcement', "
    "message_channel, message_ts, job_state, job_state, 0, 0, created_at, announced_at FROM invocations"
)

_SQLITE_SERIES = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1)"
_SQLITE_MOMENT = "strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('-%d seconds', {seconds}))"
_POSTGRESQL_SERIES = "WITH n(i) AS (SELECT generate_series(0, {count} - 1))"
_POSTGRESQL_MOMENT = "now() - make_interval(secs => {seconds})"


def sqlite_url(path: Path) -> str:
    """Return the URL for the bot's AVATAR_DATABASE_URL."""
    return f"sqlite+aiosqlite:///{path}"


def fill_sqlite(path: Path, count: int) -> None:
    """Create a log of finished jobs, one a minute up to a minute ago."""
    _migrate(sqlite_url(path))
    _insert(path, _finished(count, _SQLITE_SERIES, _SQLITE_MOMENT))


def fill_postgresql(server: PostgreSql, url: str, count: int) -> None:
    """Create the same log in PostgreSQL."""
    _migrate(url)
    server.run(url, _finished(count, _POSTGRESQL_SERIES, _POSTGRESQL_MOMENT))
    server.run(url, "VACUUM ANALYZE invocations")  # autovacuum would do it a minute later


def fill_with_running_jobs(path: Path, count: int) -> None:
    """Create a log of jobs that were accepted and announced a moment ago, each in its own room."""
    _migrate(sqlite_url(path))
    _insert(
        path,
        _statement(
            count,
            series=_SQLITE_SERIES,
            created_at=_SQLITE_MOMENT.format(seconds="30"),
            room="i",
            job_state="accepted",
        ),
    )
    _insert(path, _ANNOUNCEMENTS)


def _finished(count: int, series: str, moment: str) -> str:
    return _statement(
        count,
        series=series,
        created_at=moment.format(seconds=f"({count} - i) * 60"),
        room=f"i % {ROOMS}",
        job_state="ended",
    )


def _statement(count: int, *, series: str, created_at: str, room: str, job_state: str) -> str:
    """Return SQL for both databases: SQLite lacks `lpad`, so a sum replaces it."""

    def numbered(prefix: str, number: str) -> str:
        return f"'{prefix}' || substr(CAST(1000000000000 + {number} AS TEXT), 2)"

    values = (
        numbered("0" * 20, "i"),
        created_at,
        "'start'",
        "'command'",
        f"'{TEAM}'",
        f"'{CHANNEL}'",
        f"'{USER}'",
        f"{numbered(ROOM, room)} || ' cn-north-4'",
        numbered(ROOM, room),
        "'cn-north-4'",
        "'started'",
        "202",
        "'2f01167cfe4d08c296b9c27cc6b843d3'",
        numbered(JOB, "i"),
        f"'{job_state}'",
        f"'{_CONFIGURATION}'",
        "312",
        numbered("trigger-", "i"),
        f"'{CHANNEL}'",
        "'1790000000.000100'",
        created_at,
    )
    selected = f"{series.format(count=count)} SELECT {', '.join(values)} FROM n"
    return f"INSERT INTO invocations ({_COLUMNS}) {selected}"


def _insert(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


def _migrate(url: str) -> None:
    async def bring_up_to_date() -> None:
        async with open_database(url) as engine:
            await migrate(engine)

    asyncio.run(bring_up_to_date())
