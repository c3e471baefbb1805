"""A desk for each test."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.listeners.desk import Desk, Log


@pytest.fixture
def desk(database: AsyncEngine) -> Desk:
    return Desk(Log(database))
