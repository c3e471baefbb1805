"""Fixtures for buttons."""

import pytest

from tests.listeners.desk import Desk


@pytest.fixture
async def running(desk: Desk) -> Desk:
    """Let Mei start a job in the lobby."""
    await desk.types("/avatar-start", "lobby")
    return desk
