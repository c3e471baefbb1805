"""What buttons are about."""

import pytest

from tests.listeners.desk import Desk


@pytest.fixture
async def running(desk: Desk) -> Desk:
    """Mei has started a job in the lobby."""
    await desk.types("/avatar-start", "lobby")
    return desk
