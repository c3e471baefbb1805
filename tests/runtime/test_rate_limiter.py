"""The rate limiter: even, in order, slower while the service refuses, unaffected by callers that give up."""

import asyncio
import time
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.runtime.rate_limiter import RateLimiter


class Time:
    """A clock that only moves while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        await asyncio.sleep(0)
        self.now += seconds

    def limiter(self, per_second: float) -> RateLimiter:
        return RateLimiter(per_second, now=self, sleep=self.sleep)

    async def acquired(self, limiter: RateLimiter, count: int) -> list[float]:
        """Return when each of `count` calls in a row was allowed, from now on."""
        began, came = self.now, []
        for _ in range(count):
            await limiter.acquire()
            came.append(round(self.now - began, 6))
        return came


@pytest.fixture
def clock() -> Time:
    return Time()


async def test_calls_pass_at_even_intervals_and_the_first_at_once(clock: Time) -> None:
    assert await clock.acquired(clock.limiter(10), 4) == [0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("per_second", [0.001, 0.5, 3, 10_000])
async def test_any_rate_is_kept(clock: Time, per_second: float) -> None:
    assert await clock.acquired(clock.limiter(per_second), 3) == pytest.approx(
        [0, 1 / per_second, 2 / per_second]
    )


async def test_unused_calls_are_not_saved_up(clock: Time) -> None:
    limiter = clock.limiter(10)
    await limiter.acquire()
    clock.now += 60
    assert await clock.acquired(limiter, 3) == [0, 0.1, 0.2]


async def test_the_first_caller_passes_first(clock: Time) -> None:
    limiter, order = clock.limiter(10), []

    async def wait_as(number: int) -> None:
        await limiter.acquire()
        order.append((number, round(clock.now - 1000, 6)))

    await asyncio.gather(*(wait_as(number) for number in range(5)))
    assert order == [(0, 0), (1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4)]


async def test_without_a_limit_no_caller_waits_whatever_the_service_says(clock: Time) -> None:
    limiter = clock.limiter(0)
    assert limiter.rate == inf
    for adapt in (limiter.slow_down, limiter.speed_up):
        adapt()
        assert await clock.acquired(limiter, 100) == [0] * 100
        assert limiter.rate == inf


def test_each_refusal_halves_the_rate_down_to_one_call_in_two_seconds(clock: Time) -> None:
    limiter, rates = clock.limiter(10), []
    for _ in range(7):
        limiter.slow_down()
        rates.append(limiter.rate)
    assert rates == [5, 2.5, 1.25, 0.625, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("per_second", [0.5, 0.3, 0.001])
def test_a_rate_that_is_low_by_choice_stays_as_it_is(clock: Time, per_second: float) -> None:
    limiter = clock.limiter(per_second)
    limiter.slow_down()
    assert limiter.rate == per_second


def test_good_answers_bring_the_rate_back_little_by_little_and_no_further(clock: Time) -> None:
    limiter, rates = clock.limiter(10), []
    limiter.slow_down()
    for _ in range(12):
        limiter.speed_up()
        rates.append(limiter.rate)
    assert rates == [5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10, 10]


async def test_calls_follow_the_present_rate(clock: Time) -> None:
    limiter = clock.limiter(10)
    await limiter.acquire()
    limiter.slow_down()
    assert await clock.acquired(limiter, 2) == [0.2, 0.4]
    for _ in range(10):
        limiter.speed_up()
    assert await clock.acquired(limiter, 2) == [0.1, 0.2]


async def test_a_caller_that_gives_up_waiting_uses_up_no_call() -> None:
    limiter = RateLimiter(2)
    await limiter.acquire()
    began = time.monotonic()
    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(50)]
    await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(5):
        await limiter.acquire()
    assert 0.45 < time.monotonic() - began < 0.9


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_the_others_go_on_after_one_has_given_up(cancelled: int) -> None:
    limiter, came = RateLimiter(50), []

    async def wait_as(number: int) -> None:
        await limiter.acquire()
        came.append(number)

    await limiter.acquire()
    waiting = [asyncio.create_task(wait_as(number)) for number in range(3)]
    await asyncio.sleep(0)
    waiting[cancelled].cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting, return_exceptions=True)
    assert came == [number for number in range(3) if number != cancelled]


async def test_a_time_limit_around_a_call_is_kept() -> None:
    limiter = RateLimiter(0.001)
    await limiter.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await limiter.acquire()


async def test_in_real_time_the_rate_is_kept_too() -> None:
    limiter, began = RateLimiter(200), time.monotonic()
    await asyncio.gather(*(limiter.acquire() for _ in range(21)))
    assert 0.099 < time.monotonic() - began < 2


@settings(max_examples=100)
@given(
    per_second=st.sampled_from([0.001, 0.3, 1.0, 10.0, 10_000.0]),
    steps=st.lists(st.sampled_from(["acquire", "refused", "answered", "idle"]), max_size=60),
)
async def test_whatever_happens_the_rate_stays_between_its_bounds(
    per_second: float, steps: list[str]
) -> None:
    clock = Time()
    limiter = clock.limiter(per_second)
    came: list[float] = []
    for step in steps:
        if step == "acquire":
            await limiter.acquire()
            came.append(clock.now)
        elif step == "idle":
            clock.now += 0.7
        else:
            (limiter.slow_down if step == "refused" else limiter.speed_up)()
        assert min(0.5, per_second) <= limiter.rate <= per_second
    for earlier, later in pairwise(came):
        assert later - earlier >= 1 / per_second - 1e-9
