"""Completing announcements: the calls, the stored values, and the edits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.configuration import read, written
from bot.domain.invocation import JobState
from bot.domain.job import JobReport, RoomReport
from bot.domain.job_state import JobLife
from bot.errors import DatabaseUnavailable, JobOver, OutcomeUnknown
from bot.posts.loop import DeliveryLoop
from bot.reasons import other
from bot.store.watched_jobs import WatchedJob, WatchedJobs
from bot.watching.completion import BACKOFF, MOST_TRIES, Completion
from bot.watching.rooms import Rooms
from tests.domain.test_configuration import VOICE, WHOLE
from tests.fakes import FakeMetaStudio

T = TypeVar("T")

RUNNING = JobLife(JobState.RUNNING)
ENDED = JobLife(JobState.ENDED, 5)
NAMED = RoomReport(room_name="Lobby kiosk")


@dataclass
class Log(WatchedJobs):
    kept: dict[str, str] = field(default_factory=dict)
    failures: int = 0

    @override
    async def complete(
        self, job: WatchedJob, *, configuration: str | None = None, room_name: str | None = None
    ) -> None:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable(other("The database cannot be used: database is locked."))
        facts = {"configuration": configuration, "room_name": room_name}
        self.kept |= {name: value for name, value in facts.items() if value is not None}


@dataclass
class Screen(DeliveryLoop):
    shown: list[JobState] = field(default_factory=list)

    @override
    def refresh(self, job: WatchedJob) -> None:
        self.shown.append(job.seen)


class Play:
    """One job, and a clock that moves when the bot sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cloud = FakeMetaStudio(on_state=JobReport(), on_room=NAMED)
        self.log, self.screen = Log(), Screen()
        self.completion = Completion(
            watched_jobs=self.log,
            metastudio=self.cloud,
            rooms=Rooms(self.cloud, clock=lambda: self.now),
            posts=self.screen,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    def takes_up(self, values: dict[str, Any] | None = None, *, room_name: str | None = None) -> WatchedJob:
        accepted = JobState.ACCEPTED
        kept = written(values or {})
        job = WatchedJob("row", "job-1", "lobby", accepted, room_name=room_name, configuration=kept)
        self.completion.take_up(job)
        assert job.configuration is None, "thousands of jobs are held at once"
        return job

    async def looks(self, job: WatchedJob, life: JobLife | None = None, **listed: Any) -> None:
        """Let the watcher read the job's room with this list item."""
        await self.completion.hear(job, JobReport.model_validate(listed), life, listed=True)
        if life:
            self.completion.follow(job, life)
        await self.completion.ask([job])
        await self.completion._tasks.idle()

    @property
    def keeps_nothing(self) -> bool:
        return not self.completion._gaps and not self.completion._questions


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    play = Play()
    with capture_logs():
        yield play
    await play.completion.close()


async def test_of_a_job_of_which_all_is_known_nothing_is_asked(play: Play) -> None:
    await play.looks(play.takes_up(WHOLE, room_name="Lobby kiosk"))
    assert play.cloud.operations == []
    assert play.screen.shown == []
    assert play.keeps_nothing


async def test_what_the_list_tells_is_kept_and_shown_and_no_state_is_asked_for(play: Play) -> None:
    await play.looks(play.takes_up(room_name="Lobby kiosk"), **WHOLE)
    assert play.cloud.operations == []
    assert read(play.log.kept["configuration"]) == WHOLE
    assert play.screen.shown == [JobState.ACCEPTED]
    assert play.keeps_nothing


async def test_the_state_fills_what_the_list_left_out_and_the_room_only_what_both_did(play: Play) -> None:
    play.cloud.on_state = JobReport.model_validate(
        {"video_config": {"width": 1, "height": 2}, "is_transparent": True}
    )
    play.cloud.on_room = RoomReport.model_validate(
        WHOLE | {"voice_config": VOICE, "voice_config_list": None, "video_config": {"width": 9, "height": 9}}
    )
    await play.looks(play.takes_up({"default_language": "CN"}), chat_video_type="Hub")
    assert sorted(play.cloud.operations) == ["room", "state"]
    assert read(play.log.kept["configuration"]) == WHOLE | {
        "default_language": "CN",
        "chat_video_type": "Hub",
        "video_config": {"width": 1, "height": 2},
        "is_transparent": True,
    }
    assert play.keeps_nothing


async def test_where_nobody_knows_more_each_is_asked_once(play: Play) -> None:
    job = play.takes_up()
    for _ in range(5):
        await play.looks(job)
        play.completion.take_up(job)
    assert sorted(play.cloud.operations) == ["room", "state"]
    assert "configuration" not in play.log.kept
    assert play.keeps_nothing


async def test_a_name_alone_is_shown_at_once_and_the_room_is_not_asked_again(play: Play) -> None:
    job = play.takes_up(WHOLE)
    for _ in range(2):
        await play.looks(job)
    assert play.log.kept == {"room_name": "Lobby kiosk"}
    assert play.screen.shown == [JobState.ACCEPTED]
    assert play.cloud.operations == ["room"]
    assert play.keeps_nothing


async def test_a_name_that_is_known_before_the_rest_is_shown_with_it(play: Play) -> None:
    job = play.takes_up()
    await play.completion._tasks.idle()
    assert play.log.kept == {"room_name": "Lobby kiosk"}
    assert play.screen.shown == []
    await play.looks(job, **WHOLE)
    assert play.screen.shown == [JobState.ACCEPTED]
    assert play.keeps_nothing


async def test_a_name_is_shown_also_where_nothing_more_is_told(play: Play) -> None:
    job = play.takes_up()
    await play.completion._tasks.idle()
    await play.looks(job)
    assert play.screen.shown == [JobState.ACCEPTED]
    assert play.keeps_nothing


async def test_what_is_learnt_together_with_a_new_state_needs_no_edit_of_its_own(play: Play) -> None:
    await play.looks(play.takes_up(room_name="Lobby kiosk"), RUNNING, **WHOLE)
    assert read(play.log.kept["configuration"]) == WHOLE
    assert play.screen.shown == []


async def test_what_is_not_answered_is_asked_again_with_pauses_and_not_for_ever(play: Play) -> None:
    play.cloud.on_room = OutcomeUnknown(other("No answer."))
    await play.looks(play.takes_up(WHOLE))
    assert play.cloud.operations == ["room"] * MOST_TRIES
    assert play.now >= sum(BACKOFF.pause(failures) for failures in range(1, MOST_TRIES))
    assert play.keeps_nothing


async def test_a_job_that_is_over_is_completed_once_more_with_its_end_and_then_left(play: Play) -> None:
    play.cloud.on_room = RoomReport.model_validate(WHOLE)
    job = play.takes_up(room_name="Lobby kiosk")
    job.seen = JobState.ENDED
    play.completion.follow(job, ENDED)
    await play.completion._tasks.idle()
    assert play.screen.shown == [JobState.ENDED]
    assert play.keeps_nothing


async def test_of_a_job_that_is_over_a_room_is_not_asked_again_and_again(play: Play) -> None:
    play.cloud.on_room = OutcomeUnknown(other("No answer."))
    play.completion.follow(play.takes_up(), ENDED)
    await play.completion._tasks.idle()
    assert play.cloud.operations == ["room"]
    assert play.keeps_nothing


async def test_a_state_that_is_not_told_is_asked_for_again_while_the_room_tells(play: Play) -> None:
    play.cloud.on_state = OutcomeUnknown(other("No answer."))
    play.cloud.on_room = RoomReport.model_validate(WHOLE | {"is_transparent": None})
    job = play.takes_up(room_name="Lobby kiosk")
    for _ in range(3):
        await play.looks(job)
        play.now += 10
    assert play.cloud.operations == ["state", "state", "room", "state"]
    play.cloud.on_state = JobReport(is_transparent=False)
    play.now += 60
    await play.looks(job)
    assert read(play.log.kept["configuration"]) == WHOLE
    assert play.keeps_nothing


async def test_a_job_that_metastudio_does_not_know_leaves_it_to_the_room(play: Play) -> None:
    play.cloud.on_state = JobOver(other("There is no such job."))
    play.cloud.on_room = RoomReport.model_validate(WHOLE)
    await play.looks(play.takes_up(room_name="Lobby kiosk"))
    assert play.cloud.operations == ["state", "room"]
    assert read(play.log.kept["configuration"]) == WHOLE


async def test_what_the_log_does_not_take_is_kept_later_without_asking_anew(play: Play) -> None:
    play.log.failures = 2
    await play.looks(play.takes_up(WHOLE))
    assert play.cloud.operations == ["room"]
    assert play.log.kept == {"room_name": "Lobby kiosk"}


async def test_whoever_no_longer_follows_jobs_asks_nothing_more(play: Play) -> None:
    play.cloud.on_room = OutcomeUnknown(other("No answer."))
    job = play.takes_up()
    await play.completion.close()
    play.completion.miss([job])
    await play.looks(job)
    assert play.cloud.operations == []
    assert play.keeps_nothing
