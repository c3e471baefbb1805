"""A new desk for each test."""

import pytest

from bot.store.database import Database
from tests.listeners.desk import Desk, Log


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(Log(database))
