"""Every test of the store runs on SQLite and on PostgreSQL, each time with a new database."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from bot.domain.invocation import Action, JobInvocation, Source, Status
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from tests import fakes

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite_url", "postgresql_url"], ids=["SQLite", "PostgreSQL"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database with the newest schema and no rows."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(params=["missing_sqlite_url", "empty_postgresql_url"], ids=["SQLite", "PostgreSQL"])
def new_database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database that the bot has never opened."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
async def other_database(database_url: str, database: Database) -> AsyncIterator[Database]:
    """Open the same database as another process would."""
    async with open_database(database_url) as engine:
        yield engine


@pytest.fixture(params=["one process", "two processes"])
def logs(request: pytest.FixtureRequest, database: Database, other_database: Database) -> list[Invocations]:
    """Return the invocation log twenty times, for twenty tasks that do the same at once."""
    engines = [database, database if request.param == "one process" else other_database]
    return [Invocations(engines[number % 2]) for number in range(20)]


@pytest.fixture
def an_invocation() -> Callable[..., JobInvocation]:
    """Return a function that makes invocations, each one minute later, with the test's values."""
    numbers = count(1)

    def make(**changes: Any) -> JobInvocation:
        number = next(numbers)
        values: dict[str, Any] = {
            "id": f"invocation-{number:03}",
            "created_at": NOON + timedelta(minutes=number),
            "action": Action.START,
            "source": Source.COMMAND,
            "status": Status.RECEIVED,
            "user_id": "U0MEI00001",
            "trigger_id": f"trigger-{number}",
        }
        if any(changes.get(name) for name in fakes.OF_THE_JOB):
            values |= {"room_id": "lobby", "job_id": f"job-{number}"}
        return fakes.an_invocation(**(values | changes))

    return make
