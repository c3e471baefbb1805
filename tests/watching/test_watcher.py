"""Following jobs: the reads and their times, the edits, and the one process that follows."""

import asyncio
import sys
import time
import tracemalloc
from contextlib import suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.invocation import JobState
from bot.domain.job import ErrorInfo, JobReport
from bot.domain.job_state import JobLife
from bot.errors import (
    DatabaseUnavailable,
    JobOver,
    NotSent,
    OperationUnknown,
    OutcomeUnknown,
    RoomUnknown,
    Throttled,
)
from bot.reasons import other
from bot.store.database import Database
from bot.store.posts import Posts
from bot.watching.rooms import BLIND_SECONDS
from bot.watching.watcher import LEASE_TIME, MISSES, MISSES_OF_RUNNING, Watcher
from tests.stage import until
from tests.watching.watch_world import LU, Play, Screen, record_thousands


@pytest.fixture
def play(database: Database) -> Play:
    return Play(database)


class TestLooking:
    async def test_one_call_tells_of_all_jobs_of_a_room(self, play: Play) -> None:
        for job_id in ("j1", "j2", "j3"):
            await play.announced(job_id)
        play.cloud.tells("lobby", j1="PROCESSING", j2="WAITING", j3="PROCESSING", elses="PROCESSING")
        assert await play.round() == ["list lobby"]
        assert play.screen.states == [("j1", "running"), ("j3", "running")]

    async def test_a_job_that_the_list_leaves_out_is_asked_for_by_itself(self, play: Play) -> None:
        for job_id in ("j1", "j2"):
            await play.announced(job_id)
        play.cloud.tells("lobby", j1="PROCESSING")
        play.cloud.told["j2"] = JobReport(state="PROCESSING")
        assert await play.round() == ["list lobby", "state j2"]
        assert play.screen.states == [("j1", "running"), ("j2", "running")]

    async def test_a_state_of_which_nobody_has_heard_is_not_shown(self, play: Play) -> None:
        await play.announced("j1")
        play.cloud.told["j1"] = JobReport(state="HIBERNATING")
        assert await play.round() == ["list lobby", "state j1"]
        assert play.screen.shown == []

    async def test_what_is_shown_already_is_not_shown_again(self, play: Play) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="PROCESSING")
        await play.rounds(30)
        assert play.screen.states == [("j1", "running")]

    async def test_an_answer_that_comes_late_does_not_turn_a_job_back(self, play: Play) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="PROCESSING")
        await play.round()
        play.cloud.tells("lobby", j1="WAITING")
        await play.rounds(30)
        assert play.screen.states == [("j1", "running")]


class TestEnds:
    @pytest.mark.parametrize(
        ("report", "state"),
        [
            (JobOver(other("MetaStudio does not know it any more.")), "gone"),
            (JobReport(state="SUCCEED", duration=90), "ended"),
            (JobReport(state="DELETING"), "ended"),
            (JobReport(state="SUCCEED", job_finish_reason="MUTE_TIMEOUT"), "silent"),
            (JobReport(state="FAILED", error_info=ErrorInfo(error_code="MSS.1")), "failed"),
            (JobReport(state="FAILED", error_info=ErrorInfo(error_code="MSS.45000023")), "unjoined"),
        ],
        ids=lambda value: getattr(value, "state", None) or str(value),
    )
    async def test_how_a_job_ended_is_shown_and_who_stopped_it_if_anybody_did(
        self, play: Play, report: JobReport | Exception, state: str
    ) -> None:
        await play.announced("j1", state="running")
        await play.announced("j2", state="running")
        await play.stopped("j2", by=LU)
        play.cloud.told = {"j1": report, "j2": report}
        await play.round()
        assert play.screen.states == [("j1", state), ("j2", "stopped")]
        assert [life.stopped_by for _, life in play.screen.shown] == [None, LU]

    async def test_what_is_known_of_the_end_is_shown_with_it(self, play: Play) -> None:
        await play.announced("j1", state="running")
        play.cloud.told["j1"] = JobReport(
            state="FAILED", duration=61, error_info=ErrorInfo(error_code="MSS.1", error_msg="No GPU.")
        )
        await play.round()
        [(_, life)] = play.screen.shown
        assert (life.seconds, life.error and life.error.error_msg) == (61, "No GPU.")

    async def test_who_found_a_job_over_already_has_not_stopped_it(self, play: Play) -> None:
        await play.announced("j1", state="running")
        await play.stopped("j1", job_state=None, reason=other("The job was over already."))
        await play.round()
        assert play.screen.states == [("j1", "gone")]

    async def test_a_job_that_is_not_known_yet_is_not_taken_for_over_at_once(self, play: Play) -> None:
        await play.announced("j1")
        for _ in range(MISSES - 1):
            await play.round()
            assert play.screen.states == []
            play.time.pass_by(2)
        await play.round()
        assert play.screen.states == [("j1", "gone")]

    async def test_the_jobs_of_a_room_that_was_deleted_are_gone(self, play: Play) -> None:
        await play.announced("j1", state="running")
        play.cloud.failing = {"lobby": RoomUnknown(other("MetaStudio does not know this room."))}
        await play.rounds(10 * MISSES_OF_RUNNING)
        assert play.screen.states == [("j1", "gone")]

    async def test_one_odd_answer_ends_no_job_that_runs(self, play: Play) -> None:
        await play.announced("j1", state="running")
        for _ in range(MISSES_OF_RUNNING):
            play.cloud.failing = {"lobby": RoomUnknown(other("MetaStudio does not know this room."))}
            while not await play.round():
                play.time.pass_by(2)
            play.cloud.failing = {}
            play.cloud.tells("lobby", j1="PROCESSING")
            while not await play.round():
                play.time.pass_by(2)
        assert play.screen.states == []

    async def test_a_state_that_is_not_to_be_had_ends_the_watch_of_nothing_else(self, play: Play) -> None:
        await play.announced("j1", state="running")
        await play.announced("j2", "stage", state="running")
        play.cloud.told = {"j1": OperationUnknown(other("404")), "j2": JobReport(state="SUCCEED")}
        await play.rounds(3)
        assert play.screen.states == [("j2", "ended")]

    async def test_a_job_that_is_over_is_not_asked_for_again(self, play: Play) -> None:
        await play.announced("j1", state="running")
        await play.announced("j2", state="running")
        play.cloud.tells("lobby", j2="PROCESSING")
        assert await play.round() == ["list lobby", "state j1"]
        assert set(await play.rounds(30)) == {"list lobby"}

    async def test_the_last_job_of_a_room_takes_the_room_with_it(self, play: Play) -> None:
        await play.announced("j1", state="running")
        await play.round()
        assert await play.rounds(30) == []

    async def test_a_stop_lets_the_room_be_looked_at_at_once_and_often(self, play: Play) -> None:
        await play.announced("j1", state="running")
        play.cloud.tells("lobby", j1="PROCESSING")
        await play.rounds(3)
        await play.stopped("j1")
        assert await play.rounds(5) == ["list lobby"] * 3
        play.cloud.tells("lobby")
        await play.rounds(2)
        assert play.screen.states == [("j1", "stopped")]


class TestRefresh:
    async def test_a_job_that_is_new_is_followed_from_the_next_call_on(self, play: Play) -> None:
        assert await play.round() == []
        play.time.pass_by(3600)
        await play.announced("j1")
        assert await play.round() == ["list lobby", "state j1"]

    async def test_a_state_that_could_not_be_noted_is_noted_at_the_next_look(self, play: Play) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="PROCESSING")
        play.screen.fails = 1
        with capture_logs():
            await play.round()
        assert play.screen.shown == []
        play.time.pass_by(10)
        await play.round()
        assert play.screen.states == [("j1", "running")]

    async def test_a_clock_that_is_set_back_does_not_hide_what_is_new(self, play: Play) -> None:
        await play.round()
        play.time.now -= timedelta(hours=3)
        await play.announced("j1")
        assert await play.round() == ["list lobby", "state j1"]
        await play.announced("j2", "atrium")
        assert await play.round() == ["list atrium", "state j2"]

    async def test_a_clock_that_is_a_little_behind_does_not_hide_what_is_new(self, play: Play) -> None:
        await play.round()
        play.time.now -= timedelta(seconds=50)  # by another process, which writes the row
        await play.announced("j1")
        play.time.now += timedelta(seconds=50)
        assert await play.round() == ["list lobby", "state j1"]

    async def test_while_the_log_cannot_be_read_the_watch_goes_on(self, play: Play) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="WAITING")
        await play.round()
        play.watched_jobs.failing = True
        with pytest.raises(DatabaseUnavailable):
            await play.watcher.refresh()
        play.cloud.tells("lobby", j1="PROCESSING")
        play.time.pass_by(2)
        assert await play.watcher.look()
        assert play.screen.states == [("j1", "running")]

    async def test_what_was_announced_while_the_log_could_not_be_read_is_found_afterwards(
        self, play: Play
    ) -> None:
        await play.round()
        play.watched_jobs.failing = True
        await play.announced("j1")
        for _ in range(100):
            play.time.pass_by(2)
            with pytest.raises(DatabaseUnavailable):
                await play.watcher.refresh()
        play.watched_jobs.failing = False
        assert await play.round() == ["list lobby", "state j1"]


class TestTrouble:
    @pytest.mark.parametrize(
        "error",
        [
            Throttled(other("Too many calls.")),
            NotSent(other("No connection.")),
            OutcomeUnknown(other("No answer.")),
            ValueError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    async def test_a_room_that_cannot_be_looked_at_is_looked_at_less_and_less_and_no_other_room_is(
        self, play: Play, error: Exception
    ) -> None:
        await play.announced("j1", "broken")
        await play.announced("j2", "lobby")
        play.cloud.failing["broken"] = error
        play.cloud.tells("lobby", j2="WAITING")
        with capture_logs() as logs:
            asked = await play.rounds(60)
        assert asked.count("list broken") == 4  # after 0, 4, 12 and 28 seconds
        assert asked.count("list lobby") == 30
        assert len([line for line in logs if line["room_id"] == "broken"]) == 4

    async def test_when_it_can_be_looked_at_again_it_is(self, play: Play) -> None:
        await play.announced("j1", "broken")
        play.cloud.failing["broken"] = NotSent(other("No connection."))
        with capture_logs():
            await play.rounds(600, every=10)
        play.cloud.failing.clear()
        play.cloud.tells("broken", j1="PROCESSING")
        await play.rounds(120)
        assert play.screen.states == [("j1", "running")]

    async def test_a_job_of_which_nothing_is_to_be_had_does_not_hide_the_others_of_its_room(
        self, play: Play
    ) -> None:
        for job_id in ("j1", "j2", "j3"):
            await play.announced(job_id)
        play.cloud.tells("lobby", j3="PROCESSING")
        play.cloud.told["j1"] = OutcomeUnknown(other("MetaStudio failed."))
        play.cloud.told["j2"] = JobReport(state="PROCESSING")
        with capture_logs() as logs:
            await play.round()
        assert play.screen.states == [("j2", "running"), ("j3", "running")]
        assert [line["event"] for line in logs] == ["a room could not be looked at"]

    async def test_being_throttled_ends_the_look(self, play: Play) -> None:
        for job_id in ("j1", "j2", "j3"):
            await play.announced(job_id)
            play.cloud.told[job_id] = Throttled(other("Too many calls."))
        with capture_logs():
            assert await play.round() == ["list lobby", "state j1"]

    async def test_a_job_that_is_over_is_not_lost_when_the_log_cannot_say_who_stopped_it(
        self, play: Play
    ) -> None:
        await play.announced("j1", state="running")
        await play.stopped("j1")
        await play.watcher.refresh()
        play.watched_jobs.failing = True
        with capture_logs():
            assert await play.watcher.look()
        assert play.screen.shown == []
        play.watched_jobs.failing = False
        await play.rounds(10)
        assert play.screen.states == [("j1", "stopped")]


class TestACloudThatTellsNothing:
    @pytest.fixture
    async def blind(self, play: Play) -> Play:
        """Return a watcher of three rooms with a running job each; it has learnt that it cannot read jobs."""
        for room_id in ("lobby", "atrium", "hall"):
            play.cloud.failing[room_id] = OperationUnknown(other("MetaStudio has no such operation."))
            await play.announced(f"job in {room_id}", room_id, "running")
        gate = play.cloud.gates["list"] = asyncio.Event()
        await play.watcher.refresh()
        with capture_logs() as logs:
            looks = [asyncio.create_task(play.watcher.look()) for _ in range(3)]
            await until(lambda: len(play.cloud.asked) == 3)
            gate.set()
            await asyncio.gather(*looks)
        play.said = [line["event"] for line in logs]
        return play

    async def test_it_is_said_once_and_no_room_is_looked_at_any_more(self, blind: Play) -> None:
        assert blind.said == ["jobs are not followed: MetaStudio cannot be asked about them"]
        await blind.announced("new", "gallery")
        assert await blind.rounds(60) == []
        assert blind.screen.shown == []

    async def test_after_a_while_metastudio_is_asked_again_about_all_of_them(self, blind: Play) -> None:
        await blind.announced("new", "gallery")
        await blind.round()
        blind.cloud.failing = {}
        blind.time.pass_by(BLIND_SECONDS)
        asked = set(await blind.round())
        assert asked >= {"list atrium", "list gallery", "list hall", "list lobby"}

    async def test_where_it_still_cannot_be_asked_that_is_not_said_again(self, blind: Play) -> None:
        blind.time.pass_by(BLIND_SECONDS)
        with capture_logs() as logs:
            await blind.round()
        assert logs == []

    async def test_who_stops_a_job_is_shown_all_the_same(self, blind: Play) -> None:
        await blind.stopped("job in atrium", by=LU)
        await blind.stopped("job in hall", job_state=None, reason=other("The job was over already."))
        await blind.stopped("somebody else's")
        await blind.round()
        assert blind.screen.shown == [("job in atrium", JobLife(JobState.STOPPED, stopped_by=LU))]

    async def test_while_a_stop_is_being_shown_it_is_not_shown_again(self, blind: Play) -> None:
        await blind.stopped("job in hall")
        await blind.round()
        await blind.rounds(5)
        assert blind.screen.states == [("job in hall", "stopped")]


class TestSeveralProcesses:
    @pytest.fixture
    def other_screen(self, play: Play) -> Screen:
        return Screen(Posts(play.database))

    @pytest.fixture
    def other(self, play: Play, other_screen: Screen) -> Watcher:
        return play.another("two", other_screen)

    async def test_one_of_them_looks(self, play: Play, other: Watcher) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="WAITING")
        for _ in range(30):
            await play.round()
            assert await play.round(other) == []
            play.time.pass_by(2)

    async def test_another_takes_over_what_a_dead_one_has_left(
        self, play: Play, other: Watcher, other_screen: Screen
    ) -> None:
        await play.announced("j1", state="running")
        play.cloud.tells("lobby", j1="PROCESSING")
        await play.round()
        play.time.pass_by(3600)
        await play.announced("j2", state="running")
        play.cloud.tells("lobby")
        assert await play.round(other) == ["list lobby", "state j1", "state j2"]
        assert other_screen.states == [("j1", "gone"), ("j2", "gone")]

    async def test_another_waits_until_the_lease_has_run_out(self, play: Play, other: Watcher) -> None:
        await play.announced("j1")
        await play.round()
        play.time.pass_by(LEASE_TIME.total_seconds() - 1)
        assert await play.round(other) == []
        play.time.pass_by(1)
        assert await play.round(other) == ["list lobby", "state j1"]

    async def test_another_goes_on_at_once_where_one_is_ended_in_good_order(
        self, play: Play, other: Watcher
    ) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="PROCESSING")
        watching = asyncio.create_task(play.watcher.keep_watching())
        await until(lambda: bool(play.screen.shown))
        assert await play.round(other) == []
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        assert await play.round(other) == ["list lobby"]

    async def test_who_has_lost_the_lease_looks_and_shows_no_longer(self, play: Play, other: Watcher) -> None:
        await play.announced("j1", state="running")
        play.cloud.tells("lobby", j1="PROCESSING")
        await play.round()
        play.time.pass_by(60)
        await play.round(other)
        assert await play.round() == []

    @pytest.mark.parametrize("call", ["list", "state"])
    async def test_a_look_that_lasts_until_the_lease_is_lost_shows_nothing(
        self, play: Play, other: Watcher, call: str
    ) -> None:
        await play.announced("j1", state="running")
        await play.watcher.refresh()
        gate = play.cloud.gates[call] = asyncio.Event()
        look = asyncio.create_task(play.watcher.look())
        await until(lambda: any(asked.startswith(call) for asked in play.cloud.asked))
        play.time.pass_by(60)
        await other.refresh()
        await play.watcher.refresh()
        gate.set()
        assert await look
        assert play.screen.shown == []

    async def test_who_has_the_lease_again_follows_all_jobs(self, play: Play, other: Watcher) -> None:
        await play.announced("j1")
        play.cloud.tells("lobby", j1="PROCESSING")
        await play.round()
        play.time.pass_by(3600)
        await play.round(other)
        await play.round()
        play.time.pass_by(3600)
        assert await play.round() == ["list lobby"]
        assert play.screen.states == [("j1", "running")]


class TestKeepingOn:
    async def test_the_watch_goes_on_through_bugs_failures_and_a_log_that_cannot_be_read(
        self, play: Play
    ) -> None:
        await play.announced("j1", "with a bug")
        await play.announced("j2", "not reached")
        await play.announced("j3", state="running")
        play.cloud.failing = {
            "with a bug": ZeroDivisionError(),
            "not reached": NotSent(other("No connection.")),
        }
        play.watched_jobs.failing = True
        with capture_logs() as logs:
            watching = asyncio.create_task(play.watcher.keep_watching())
            await until(lambda: bool(logs))
            play.watched_jobs.failing = False
            await until(lambda: bool(play.screen.shown))
            assert not watching.done()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        assert play.screen.states == [("j3", "gone")]
        assert {line["event"] for line in logs} == {
            "the database cannot be used at the moment",
            "looking at a room failed",
            "a room could not be looked at",
        }


class TestThousands:
    @pytest.fixture
    async def crowded(self, play: Play) -> Play:
        await record_thousands(play.database)
        return play

    async def test_thousands_of_jobs_are_followed_at_once_and_take_little_memory(self, crowded: Play) -> None:
        began = time.perf_counter()
        await crowded.watcher.refresh()
        seconds = time.perf_counter() - began
        followed = [
            room.room_id for room in iter(crowded.watcher._due_rooms.take, None) if len(room.jobs) == 1
        ]
        assert len(set(followed)) == 5_000

        tracemalloc.start()
        again = crowded.another("one", Screen(Posts(crowded.database)))
        await again.refresh()
        bytes_a_job = tracemalloc.get_traced_memory()[0] / 5_000
        tracemalloc.stop()
        sys.stdout.write(f"5,000 jobs: followed in {seconds:.2f} s, {bytes_a_job:.0f} bytes each\n")

    async def test_a_call_of_the_roll_with_nothing_new_is_cheap_beside_thousands(self, crowded: Play) -> None:
        await crowded.watcher.refresh()
        crowded.time.pass_by(3600)
        began = time.perf_counter()
        await crowded.watcher.refresh()
        sys.stdout.write(f"nothing new beside 5,000: {(time.perf_counter() - began) * 1000:.1f} ms\n")
        assert crowded.watcher._called_at == crowded.time.now
