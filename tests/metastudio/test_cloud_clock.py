"""The offset of the cloud's clock, learnt from its answers."""

from datetime import timedelta

import pytest

from bot.metastudio.cloud_clock import CloudClock
from tests.metastudio.cloud import NOON, Clock

TOLD = {"Date": "Thu, 01 Jan 2026 12:00:00 GMT"}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("ahead", [-3600, -8, 0, 8, 3600])
@pytest.mark.parametrize("took", [0.02, 1.0, 25.0])
def test_the_offset_is_right_to_a_second_however_long_the_answer_takes(ahead: float, took: float) -> None:
    answered_at = NOON - timedelta(seconds=ahead)
    clock = CloudClock(Clock())
    clock.learn(TOLD, answered_at - timedelta(seconds=took), answered_at)

    assert clock.offset is not None
    assert abs(clock.offset - timedelta(seconds=ahead)) <= SECOND


@pytest.mark.parametrize("date", ["", "yesterday", "0" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", None])
def test_an_answer_without_a_date_that_can_be_right_tells_nothing(date: str | None) -> None:
    clock = CloudClock(Clock())
    clock.learn({} if date is None else {"Date": date}, NOON, NOON)

    assert clock.offset is None


def test_an_answer_over_which_this_clock_was_set_back_tells_nothing() -> None:
    clock = CloudClock(Clock())
    clock.learn(TOLD, NOON, NOON - SECOND)

    assert clock.offset is None
