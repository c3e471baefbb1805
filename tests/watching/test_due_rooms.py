"""Which room is read next, and when it is read again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from bot.domain.invocation import JobState
from bot.store.watched_jobs import WatchedJob
from bot.watching.due_rooms import (
    LONGEST_SECONDS,
    RUNNING_SECONDS,
    STARTING_SECONDS,
    DueRooms,
    Room,
)

Make = Callable[..., WatchedJob]


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Watch:
    """A list of rooms and its clock."""

    clock: Clock = field(default_factory=Clock)
    reads_per_second: float = 10

    def __post_init__(self) -> None:
        self.list = DueRooms(reads_per_second=self.reads_per_second, clock=self.clock)

    def taken(self) -> list[str]:
        """Take the rooms that are due now, and return them in order."""
        return [room.room_id for room in iter(self.list.take, None)]

    def takes(self) -> Room:
        """Take the only room that is due."""
        room = self.list.take()
        assert room is not None
        assert self.list.take() is None
        return room

    def seconds_until(self, room_id: str) -> float:
        """Return the seconds until a room is due."""
        room = self.list._rooms[room_id]
        assert not room.is_looked_at
        return room.due - self.clock()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def a_job(job_id: str = "job-1", room_id: str = "lobby", state: JobState = JobState.RUNNING) -> WatchedJob:
    return WatchedJob(f"row of {job_id}", job_id, room_id, state)


def an_accepted_job(job_id: str = "job-1", room_id: str = "lobby") -> WatchedJob:
    return a_job(job_id, room_id, JobState.ACCEPTED)


class TestOrder:
    def test_with_nothing_to_follow_no_room_is_due(self, watch: Watch) -> None:
        assert watch.list.take() is None

    def test_a_new_job_is_looked_at_at_once(self, watch: Watch) -> None:
        watch.list.add(a_job())
        room = watch.takes()
        assert (room.room_id, list(room.jobs)) == ("lobby", ["row of job-1"])

    def test_the_room_that_has_been_due_longest_comes_first(self, watch: Watch) -> None:
        for room_id in ("second", "first", "third"):
            watch.clock.now += 1
            watch.list.add(a_job(f"job in {room_id}", room_id))
        assert watch.taken() == ["second", "first", "third"]

    def test_all_jobs_of_a_room_are_looked_at_together(self, watch: Watch) -> None:
        watch.list.add(a_job("job-1"))
        watch.list.add(a_job("job-2"))
        assert list(watch.takes().jobs) == ["row of job-1", "row of job-2"]

    def test_a_room_that_is_looked_at_is_not_due_for_anybody_else(self, watch: Watch) -> None:
        watch.list.add(a_job())
        watch.takes()
        watch.clock.now += 3600
        watch.list.add(a_job("job-2"))
        watch.list.hurry("job-1")
        assert watch.list.take() is None

    def test_a_room_that_waits_for_its_turn_keeps_its_place_when_a_job_of_it_is_added_or_hurried(
        self, watch: Watch
    ) -> None:
        watch.list.add(a_job("job-1", "first"))
        watch.clock.now += 1
        watch.list.add(a_job("job-2", "second"))
        watch.clock.now += 1
        watch.list.add(a_job("job-3", "first"))
        watch.list.hurry("job-1")
        assert watch.taken() == ["first", "second"]


class TestIntervals:
    @pytest.mark.parametrize(
        ("job", "seconds"), [(an_accepted_job(), STARTING_SECONDS), (a_job(), RUNNING_SECONDS)]
    )
    def test_a_room_is_due_again_by_what_its_jobs_do(
        self, watch: Watch, job: WatchedJob, seconds: float
    ) -> None:
        watch.list.add(job)
        watch.list.give_back(watch.takes())
        watch.clock.now += seconds - 0.001
        assert watch.list.take() is None
        watch.clock.now += 0.001
        assert watch.takes().room_id == "lobby"

    def test_one_job_that_starts_is_enough_to_look_often(self, watch: Watch) -> None:
        watch.list.add(a_job("job-1"))
        watch.list.add(an_accepted_job("job-2"))
        watch.list.give_back(watch.takes())
        assert watch.seconds_until("lobby") == STARTING_SECONDS

    def test_once_its_jobs_run_a_room_is_looked_at_less_often(self, watch: Watch) -> None:
        job = an_accepted_job()
        watch.list.add(job)
        room = watch.takes()
        job.seen = JobState.RUNNING
        watch.list.give_back(room)
        assert watch.seconds_until("lobby") == RUNNING_SECONDS

    def test_a_job_that_is_about_to_end_is_looked_at_at_once_and_often(self, watch: Watch) -> None:
        watch.list.add(a_job())
        watch.list.give_back(watch.takes())
        watch.list.hurry("job-1")
        watch.list.give_back(watch.takes())
        assert watch.seconds_until("lobby") == STARTING_SECONDS

    def test_hurrying_a_job_again_and_again_does_not_let_it_be_looked_at_more_often(
        self, watch: Watch
    ) -> None:
        watch.list.add(a_job())
        watch.list.hurry("job-1")
        watch.list.give_back(watch.takes())
        watch.list.hurry("job-1")
        assert watch.seconds_until("lobby") == STARTING_SECONDS

    def test_when_the_hurried_job_is_over_the_others_of_its_room_are_in_no_hurry(self, watch: Watch) -> None:
        watch.list.add(a_job("job-1"))
        watch.list.add(a_job("job-2"))
        watch.list.hurry("job-1")
        room = watch.takes()
        watch.list.remove("row of job-1")
        watch.list.give_back(room)
        assert watch.seconds_until("lobby") == RUNNING_SECONDS

    def test_hurrying_a_job_that_is_not_followed_is_harmless(self, watch: Watch) -> None:
        watch.list.hurry("somebody else's")
        assert watch.list.take() is None

    @pytest.mark.parametrize("rooms", [1, 50, 51, 500, 2_000])
    def test_rooms_with_running_jobs_take_half_of_the_reads_at_most(self, watch: Watch, rooms: int) -> None:
        for number in range(rooms):
            watch.list.add(a_job(f"job-{number}", f"room-{number}"))
        for room in list(iter(watch.list.take, None)):
            watch.list.give_back(room)
        [interval] = {watch.seconds_until(f"room-{number}") for number in range(rooms)}
        assert interval == pytest.approx(max(RUNNING_SECONDS, rooms / (watch.reads_per_second / 2)))

    def test_a_job_that_starts_is_looked_at_in_time_beside_thousands_that_run(self, watch: Watch) -> None:
        for number in range(5_000):
            watch.list.add(a_job(f"job-{number}", f"room-{number}"))
        for room in list(iter(watch.list.take, None)):
            watch.list.give_back(room)
            watch.clock.now += 0.2  # the rate of reads spreads them
        watch.list.add(an_accepted_job("new", "the new one's"))
        looks = 0
        for _ in range(100 * 10):  # ten reads a second for a hundred seconds
            if taken := watch.list.take():
                looks += taken.room_id == "the new one's"
                watch.list.give_back(taken)
            watch.clock.now += 0.1
        assert looks >= 45


class TestFailures:
    def test_a_room_that_fails_is_looked_at_less_and_less(self, watch: Watch) -> None:
        watch.list.add(an_accepted_job())
        pauses = []
        for _ in range(8):
            watch.list.give_back(watch.takes(), failed=True)
            pauses.append(watch.seconds_until("lobby"))
            watch.clock.now += pauses[-1]
        assert pauses == [4, 8, 16, 32, 64, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]

    def test_the_first_look_that_succeeds_makes_up_for_all_failures(self, watch: Watch) -> None:
        watch.list.add(a_job())
        for _ in range(5):
            watch.list.give_back(watch.takes(), failed=True)
            watch.clock.now += LONGEST_SECONDS
        watch.list.give_back(watch.takes())
        assert watch.seconds_until("lobby") == RUNNING_SECONDS

    def test_failures_for_days_on_end_make_no_number_that_is_too_large(self, watch: Watch) -> None:
        watch.list.add(a_job())
        for _ in range(2_000):
            watch.list.give_back(watch.takes(), failed=True)
            watch.clock.now += LONGEST_SECONDS
        assert watch.takes().failures == 2_000

    def test_failing_does_not_let_a_room_be_looked_at_more_often(self) -> None:
        watch = Watch(reads_per_second=0.001)
        watch.list.add(a_job())
        watch.list.give_back(watch.takes(), failed=True)
        assert watch.seconds_until("lobby") == 1 / (0.001 / 2)

    def test_a_new_job_in_a_room_that_fails_is_looked_at_at_once(self, watch: Watch) -> None:
        watch.list.add(a_job())
        for _ in range(10):
            watch.list.give_back(watch.takes(), failed=True)
            watch.clock.now += LONGEST_SECONDS
        watch.list.give_back(watch.takes(), failed=True)
        watch.list.add(a_job("job-2"))
        assert list(watch.takes().jobs) == ["row of job-1", "row of job-2"]


class TestWhileARoomIsLookedAt:
    @pytest.fixture
    def room(self, watch: Watch) -> Room:
        """Return the room `lobby` with one running job, taken."""
        watch.list.add(a_job())
        return watch.takes()

    def test_a_job_that_is_added_is_looked_at_soon(self, watch: Watch, room: Room) -> None:
        watch.list.add(an_accepted_job("job-2"))
        watch.list.give_back(room)
        assert watch.seconds_until("lobby") == STARTING_SECONDS
        assert list(room.jobs) == ["row of job-1", "row of job-2"]

    def test_a_job_that_is_hurried_is_looked_at_soon(self, watch: Watch, room: Room) -> None:
        watch.list.hurry("job-1")
        watch.list.give_back(room)
        assert watch.seconds_until("lobby") == STARTING_SECONDS

    def test_a_room_whose_last_job_is_removed_vanishes_when_it_is_given_back(
        self, watch: Watch, room: Room
    ) -> None:
        watch.list.remove("row of job-1")
        assert "row of job-1" not in watch.list
        watch.list.give_back(room)
        assert watch.list._rooms == {}
        watch.clock.now += 3600
        assert watch.list.take() is None

    def test_a_room_that_is_emptied_and_filled_again_stays(self, watch: Watch, room: Room) -> None:
        watch.list.remove("row of job-1")
        watch.list.add(a_job("job-2"))
        watch.list.give_back(room)
        watch.clock.now += RUNNING_SECONDS
        assert list(watch.takes().jobs) == ["row of job-2"]

    def test_when_nothing_is_followed_any_more_its_jobs_are_nobodys(self, watch: Watch, room: Room) -> None:
        watch.list.clear()
        assert room.jobs == {}
        watch.list.give_back(room)
        watch.clock.now += 3600
        assert watch.list.take() is None

    def test_what_is_followed_anew_has_nothing_to_do_with_the_look_from_before(
        self, watch: Watch, room: Room
    ) -> None:
        watch.list.clear()
        watch.list.add(a_job())
        watch.list.give_back(room, failed=True)
        again = watch.takes()
        assert again is not room
        assert (list(again.jobs), again.failures) == (["row of job-1"], 0)


class TestOneJobOfTwoRows:
    def test_both_are_followed_and_hurried_and_each_is_removed_by_itself(self, watch: Watch) -> None:
        watch.list.add(a_job())
        other = WatchedJob("another row", "job-1", "lobby", JobState.RUNNING)
        watch.list.add(other)
        watch.list.hurry("job-1")
        assert list(watch.takes().jobs) == ["row of job-1", "another row"]
        assert other.is_hurried
        watch.list.remove("row of job-1")
        assert "another row" in watch.list


class TestVanishing:
    def test_a_room_without_jobs_leaves_nothing_behind(self, watch: Watch) -> None:
        watch.list.add(a_job())
        watch.list.remove("row of job-1")
        assert watch.list.take() is None
        assert (watch.list._rooms, watch.list._room_of, watch.list._rows_of) == ({}, {}, {})

    def test_removing_what_is_not_followed_is_harmless(self, watch: Watch) -> None:
        watch.list.remove("row of somebody else's")


class AnyUse(RuleBasedStateMachine):
    """After any sequence of operations the list is consistent and agrees with a simple model."""

    taken = Bundle("taken")

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch()
        self.followed: dict[str, WatchedJob] = {}
        self.in_hand: list[Room] = []

    @rule(room=st.integers(0, 4), number=st.integers(0, 3), state=st.sampled_from(["accepted", "running"]))
    def add(self, room: int, number: int, state: str) -> None:
        job = a_job(f"job {number} of {room}", f"room {room}", JobState(state))
        if job.invocation_id not in self.watch.list:
            self.watch.list.add(job)
            self.followed[job.invocation_id] = job

    @rule(room=st.integers(0, 4), number=st.integers(0, 3))
    def hurry(self, room: int, number: int) -> None:
        self.watch.list.hurry(f"job {number} of {room}")

    @rule(room=st.integers(0, 4), number=st.integers(0, 3))
    def remove(self, room: int, number: int) -> None:
        self.watch.list.remove(f"row of job {number} of {room}")
        self.followed.pop(f"row of job {number} of {room}", None)

    @rule()
    def clear(self) -> None:
        self.watch.list.clear()
        self.followed.clear()

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 10.0, 120.0]))
    def wait(self, seconds: float) -> None:
        self.watch.clock.now += seconds

    @rule(target=taken)
    def take(self) -> Any:
        room = self.watch.list.take()
        if room is None:
            return multiple()
        assert room.jobs
        assert not any(room is other for other in self.in_hand)
        self.in_hand.append(room)
        return room

    @rule(room=consumes(taken), failed=st.booleans())
    def give_back(self, room: Room, failed: bool) -> None:  # noqa: FBT001 - hypothesis hands it over
        self.in_hand = [other for other in self.in_hand if other is not room]
        self.watch.list.give_back(room, failed=failed)

    @invariant()
    def each_job_is_in_its_room(self) -> None:
        watching = self.watch.list
        assert {row_id: job for room in watching._rooms.values() for row_id, job in room.jobs.items()} == (
            self.followed
        )
        assert watching._room_of.keys() == self.followed.keys()
        for row_id, room in watching._room_of.items():
            assert watching._rooms[self.followed[row_id].room_id] is room

    @invariant()
    def each_room_is_either_taken_or_due(self) -> None:
        watching = self.watch.list
        for room in watching._rooms.values():
            assert room.is_looked_at == any(room is other for other in self.in_hand)
            assert room.jobs or room.is_looked_at


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
