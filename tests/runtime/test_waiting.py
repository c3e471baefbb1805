"""Waiting for what cannot be reached yet."""

import pytest
from structlog.testing import capture_logs

from bot.errors import Unreachable
from bot.runtime.waiting import BACKOFF, LONGEST_ASKED_PAUSE, Pauses, once_reachable


def test_pauses_grow_until_a_try_succeeds() -> None:
    pauses = Pauses(chance=lambda: 0.0)
    begun = [pauses.have_begun]
    grown = [pauses.next() for _ in range(50)]
    assert grown == sorted(grown)
    assert (grown[0], grown[-1]) == (BACKOFF.first, BACKOFF.longest)
    begun.append(pauses.have_begun)
    pauses.reset()
    begun.append(pauses.have_begun)
    assert begun == [False, True, False]
    assert pauses.next() == BACKOFF.first


@pytest.mark.parametrize(
    ("asked", "pause"), [(0.0, BACKOFF.first), (7.0, 7.0), (86_400.0, LONGEST_ASKED_PAUSE)]
)
def test_a_longer_pause_may_be_asked_for_within_a_limit(asked: float, pause: float) -> None:
    assert Pauses(chance=lambda: 0.0).next(at_least=asked) == pause


async def test_what_cannot_be_reached_is_tried_until_it_can_and_each_reason_is_told() -> None:
    reasons, slept = ["the database is starting", "still starting"], list[float]()
    waiting: list[str] = []

    async def attempt() -> str:
        if reasons:
            raise Unreachable(reasons.pop(0), advice="Wait.")
        return "open"

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with capture_logs() as logs:
        opened = await once_reachable(
            attempt, waiting=waiting.append, pauses=Pauses(chance=lambda: 0.0), sleep=sleep
        )
    assert (opened, waiting) == ("open", ["the database is starting", "still starting"])
    assert slept == [BACKOFF.pause(1), BACKOFF.pause(2)]
    assert [line["event"] for line in logs] == ["waiting"] * 2
