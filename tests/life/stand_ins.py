"""The life of one process, and its cloud and Slack: each call and each message is a step of that life."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from typing_extensions import override

from bot.domain.invocation import Invocation, StartRequest
from bot.domain.job import JobReport, SmartChatJob
from bot.domain.post import Post
from bot.errors import (
    Answer,
    JobOver,
    OutcomeUnknown,
    Rejected,
    Undeliverable,
)
from bot.messages.message import Message
from bot.metastudio.client import Started
from bot.reasons import other
from bot.slack.delivery import Delivered, Delivery, Render
from tests.fakes import FakeMetaStudio, flat
from tests.life.world import ACCEPTED, TAKEN, World


class Life:
    """The life of one process. It ends before the first action for which no step is left."""

    def __init__(self) -> None:
        self.steps_left: int | None = None
        self.over = False

    def step(self) -> None:
        """Take a step, before each action that has an effect."""
        if self.steps_left is not None:
            self.over = self.over or self.steps_left == 0
            self.steps_left -= 1
        self.check()

    def check(self) -> None:
        """Check that the process lives, before each other action."""
        if self.over:
            raise asyncio.CancelledError

    async def sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0)
        self.check()


class CloudOfTheWorld(FakeMetaStudio):
    """The cloud as one process sees it. `waiting` counts its unanswered calls."""

    def __init__(self, world: World, life: Life) -> None:
        super().__init__()
        self._world = world
        self._life = life
        self.waiting = 0

    @override
    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        self._life.step()
        self._world.calls[app_user_id] += 1
        plan = self._world.starts.pop(0) if self._world.starts else ACCEPTED
        match plan:
            case "rejected":
                raise Rejected(
                    other("The room's concurrency is used up."), answer=Answer(400, "MSS.20010135")
                )
            case "lost on the way there":
                raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
            case _:
                pass  # the job is made below
        job = self._world.make_job(request, app_user_id, shows_late="late" in plan)
        if plan.startswith("slow"):
            await self._wait()
        if "lost" in plan:
            raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
        return Started(SmartChatJob(job_id=job.job_id), Answer(http_status=202))

    @override
    async def stop(self, room_id: str, job_id: str, *, app_user_id: str, seconds: float) -> Answer:
        self._life.step()
        plan = self._world.stops.pop(0) if self._world.stops else TAKEN
        job = self._world.jobs[job_id]
        if plan == "lost on the way there":
            raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
        if plan == "rejected":
            raise Rejected(other("You may not stop jobs."), answer=Answer(403))
        if job.is_over:
            raise JobOver(other("The job is finished."), answer=Answer(400, "MSS.20010066"))
        job.go_to("DELETING")
        job.stopped_by = app_user_id
        if plan == "lost on the way back":
            raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
        return Answer(http_status=200)

    @override
    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        self._life.check()
        return self._world.jobs[job_id].report(stale=self._is_stale())

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        self._life.check()
        if self._world.lists_fail:
            self._world.lists_fail -= 1
            raise OutcomeUnknown(other("No answer."))
        stale, listed = self._is_stale(), []
        for job in self._world.jobs.values():
            if job.room_id == room_id and not job.is_hidden:
                listed.append(job.report(stale=stale))
            elif job.room_id == room_id and not states:
                job.is_hidden = False
        return tuple(report for report in listed if not states or report.state in states)

    def _is_stale(self) -> bool:
        stale = self._world.stale_reports > 0
        self._world.stale_reports -= stale
        return stale

    async def _wait(self) -> None:
        door = asyncio.Event()
        self._world.doors.append((self._world.now, door))
        self.waiting += 1
        try:
            await door.wait()
        finally:
            self.waiting -= 1
        self._life.check()


class SlackOfTheWorld(Delivery):
    """Slack as one process sees it. The bot is not in C2, so its messages there cannot be edited."""

    def __init__(self, world: World, life: Life) -> None:
        self._world = world
        self._life = life

    @override
    async def announce(self, invocation: Invocation, render: Render) -> Delivered:
        self._speak()
        words, job_id = render("").text, flat(invocation).job_id or "no job"
        assert job_id in words
        self._world.announced[job_id].append(invocation.id)
        if invocation.origin.channel_id != "C1":
            return Delivered()
        ts = f"{len(self._world.shown) + 1}.0"
        self._world.shown[ts].append(words)
        return Delivered("C1", ts)

    @override
    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        self._speak()
        self._world.told[invocation.id].append(message.text)
        return Delivered()

    @override
    async def edit(self, post: Post, message: Message) -> bool:
        return self._change(post, self._world.shown[post.ts or ""], message)

    @override
    async def reply(self, post: Post, message: Message) -> bool:
        return self._change(post, self._world.told[post.invocation_id], message)

    def _change(self, post: Post, place: list[str], message: Message) -> bool:
        if not post.ts:
            raise Undeliverable("The announcement went where it cannot be found again.")
        with suppress(Undeliverable):
            self._speak()
            place.append(message.text)
            return True
        return False

    def _speak(self) -> None:
        self._life.step()
        if self._world.slack_fails:
            self._world.slack_fails -= 1
            raise Undeliverable("Slack took it on no route.")
