"""After a crash at any step, the next bot continues the unfinished work."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import Message, SlackStandIn
from bot.settings import Settings
from bot.store.connect import open_database
from bot.store.invocations import Invocations
from tests.fakes import an_invocation, flat
from tests.stage import AVATARS, JONAS, MEI, Clock, Console, Stage, StagedWith, buttons, staged, until

HELD = timedelta(seconds=30)
"""The lease of a row whose process is alive."""


def left_behind(clock: Clock, room_id: str, status: Status, *, age: float, **more: Any) -> Invocation:
    """Return a row as its process left it."""
    row: dict[str, Any] = {
        "id": uuid4().hex,
        "created_at": clock.now() - timedelta(seconds=age),
        "action": Action.START,
        "source": Source.COMMAND,
        "status": status,
        "channel_id": AVATARS,
        "user_id": MEI,
        "text": room_id,
        "room_id": room_id,
        "trigger_id": uuid4().hex,
        "lease_until": clock.now() + HELD,
    }
    return an_invocation(**(row | more))


async def write_down(settings: Settings, *rows: Invocation) -> None:
    async with open_database(settings.AVATAR_DATABASE_URL.get_secret_value()) as engine:
        for row in rows:
            await Invocations(engine).record(row)


def told_of(stage: Stage, words: str) -> list[Message]:
    return [message for message in stage.news() if words in message.text]


async def test_every_row_is_taken_to_its_end_and_nothing_is_started_twice(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    either_way: Settings,
    clock: Clock,
    console: Console,
) -> None:
    made, unannounced, unstopped = [await console(room) for room in ("made", "unannounced", "unstopped")]
    rows = (
        left_behind(clock, "young", Status.RECEIVED, age=5),
        left_behind(clock, "old", Status.RECEIVED, age=120),
        left_behind(clock, "made", Status.STARTING, age=3),
        left_behind(clock, "unmade", Status.STARTING, age=3),
        left_behind(
            clock,
            "unannounced",
            Status.STARTED,
            age=3,
            job_id=unannounced,
            job_state=JobState.ACCEPTED,
            configuration='{"default_language":"EN"}',
        ),
        left_behind(
            clock, "unstopped", Status.RECEIVED, age=3, action=Action.STOP, user_id=JONAS, job_id=unstopped
        ),
        left_behind(clock, "seen", Status.RECEIVED, age=3, action=Action.RTC_ACCESS, job_id="job-1"),
    )
    await write_down(either_way, *rows)
    if "postgresql" in either_way.AVATAR_DATABASE_URL.get_secret_value():
        clock.advance(HELD.total_seconds() + 1)  # other processes may be alive, so their leases must run out
    async with staged(slack, metastudio, either_way, clock) as stage:
        logged = await stage.until_logged(lambda rows: all(row.lease_until is None for row in rows))
        by_room = {flat(row).room_id: row for row in logged}

        young = by_room["young"]
        assert young.status is Status.STARTED
        assert len(told_of(stage, str(flat(young).job_id))) == 1
        assert metastudio.starts_received["young"] == 1

        [old] = told_of(stage, "🔴  Room `old` was not started.")
        assert by_room["old"].status is Status.FAILED
        assert old.visible_to == MEI
        assert "The bot was stopped before it sent" in old.text
        assert buttons(old) == ["Start it now"]
        assert metastudio.starts_received["old"] == 0

        assert (by_room["made"].status, flat(by_room["made"]).job_id) == (Status.STARTED, made)
        [adopted] = told_of(stage, made)
        assert "The call was cut off; the job had started." in adopted.text
        await until(lambda: "is running" in adopted.text)
        assert "The call was cut off; the job had started." in adopted.text
        assert metastudio.starts_received["made"] == 1

        [unmade] = told_of(stage, "It is not known whether room `unmade` started.")
        assert by_room["unmade"].status is Status.UNKNOWN
        assert unmade.visible_to == MEI
        assert "The bot was stopped before MetaStudio's answer came." in unmade.text
        assert buttons(unmade) == ["Look again", "Start anyway"]
        assert metastudio.starts_received["unmade"] == 0

        [announcement] = told_of(stage, unannounced)
        assert by_room["unannounced"].told.ts == announcement.ts
        await until(lambda: "is running" in announcement.text)

        assert by_room["unstopped"].status is Status.DONE
        [told] = [message.text for message in stage.said(JONAS) if message.visible_to]
        assert told.startswith("⛔  Room `unstopped` is being stopped")
        assert [job.ended_at is not None for job in metastudio.jobs if job.job_id == unstopped] == [True]

        assert by_room["seen"].status is Status.FAILED

        await stage.clicks("Start it now", old)
        assert old.text == "⏳  Starting room `old` … The result comes as a message of its own."
        assert metastudio.starts_received["old"] == 1
        assert metastudio.jobs[-1].job_id in stage.announced()[-1].text


async def test_a_start_that_the_policy_refuses_by_now_is_not_sent(
    staged_with: StagedWith, settings_for: Callable[..., Settings], clock: Clock
) -> None:
    await write_down(settings_for(AVATAR_HTTP_PORT=0), left_behind(clock, "lobby", Status.RECEIVED, age=5))
    async with staged_with(policy='[start]\nrooms = ["hall"]') as stage:
        [row] = await stage.until_logged(lambda rows: all(row.lease_until is None for row in rows))

        assert row.status is Status.REFUSED
        [told] = told_of(stage, "🔴  Room `lobby` was not started.")
        assert "Room `lobby` may not be started with this bot." in told.text
        assert stage.metastudio.starts_received == {}
