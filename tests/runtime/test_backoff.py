"""Pauses between tries."""

import pytest

from bot.runtime.backoff import Backoff

BACKOFF = Backoff(first=0.5, longest=10.0, spread=0.5)


def test_pauses_grow_up_to_the_longest() -> None:
    assert [BACKOFF.pause(failures) for failures in range(1, 8)] == [0.5, 1, 2, 4, 8, 10, 10]


def test_chance_makes_a_pause_longer_by_its_share_at_most() -> None:
    assert [BACKOFF.pause(2, chance=chance) for chance in (0.0, 0.5, 1.0)] == [1, 1.25, 1.5]


@pytest.mark.parametrize(("asked", "pause"), [(None, 2), (0.0, 2), (1.5, 2), (7.0, 7), (3600.0, 3600)])
def test_a_pause_is_no_shorter_than_was_asked_for(asked: float | None, pause: float) -> None:
    assert BACKOFF.pause(3, asked=asked) == pause


def test_failures_for_years_make_no_number_that_is_too_large() -> None:
    assert BACKOFF.pause(10**9) == 10
