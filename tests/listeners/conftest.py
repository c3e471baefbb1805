"""A desk for each test."""

import pytest

from bot.store.engine import Database
from tests.listeners.desk import Desk, Log


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(Log(database))
