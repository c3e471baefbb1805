"""The RTC access modal: it is opened at once and filled in afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, JobInvocation, RoomInvocation, Source, Status
from bot.domain.job import JobReport
from bot.errors import Answer, DatabaseUnavailable, JobOver, MetaStudioError, OutcomeUnknown
from bot.jobs.rtc_access import ANSWER_SECONDS, LOOK_TIME
from bot.messages.reasons import sentence
from bot.metastudio.client import READ_SECONDS
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.background import Tasks
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.slack.calls import MOST_TRIES
from bot.store.database import Database
from tests.fakes import Channel, FakeMetaStudio, FlakyLog, an_invocation
from tests.graph import a_graph
from tests.jobs.outcome_world import row_of
from tests.metastudio.cloud import FULL_ANSWER, NOON, Clock, Pauses
from tests.stage import AVATARS, MEI

JOB = JobRef("lobby", "job-1")
SIGNATURE = "rtc-signature-5"


def shown(slack: SlackStandIn) -> str:
    """Return the modal's text that Mei sees; empty if no modal is open."""
    return "".join(str(view.content["blocks"]) for view in slack.views.stack(MEI))


def bytes_in(folder: Path) -> bytes:
    """Return the bytes of all files in a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


FULL_REPORT = JobReport.model_validate(FULL_ANSWER | {"state": "PROCESSING"})


async def never() -> JobReport:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


def a_cloud() -> FakeMetaStudio:
    """Return a cloud that reports everything about a job."""
    return FakeMetaStudio(on_state=FULL_REPORT)


@dataclass
class Play:
    """One click on *RTC access*, and its result."""

    log: FlakyLog
    slack: SlackStandIn
    client: AsyncWebClient
    channel: Channel = field(default_factory=Channel)
    cloud: FakeMetaStudio = field(default_factory=a_cloud)
    tasks: Tasks = field(default_factory=Tasks)
    clock: Clock = field(default_factory=Clock)
    seconds: float = ANSWER_SECONDS

    def __post_init__(self) -> None:
        self.click = an_invocation(
            id="i1",
            created_at=NOON,
            action=Action.RTC_ACCESS,
            source=Source.BUTTON,
            status=Status.RECEIVED,
            user_id=MEI,
            channel_id=AVATARS,
            text=JOB.value,
            room_id=JOB.room_id,
            job_id=JOB.job_id,
            trigger_id=self.slack._triggers.issue(MEI),
            response_url="https://hooks.slack.com/actions/T/1/x",
        )
        graph = a_graph(
            self.log,
            delivery=self.channel,
            metastudio=self.cloud,
            slack=self.client,
            tasks=self.tasks,
            now=self.clock,
            answer_seconds=self.seconds,
            sleep=Pauses(),
        )
        self.claims, self.access = graph.claims, graph.rtc

    async def commit(self) -> JobInvocation:
        received = await self.access.commit(self.click)
        assert received is not None
        return received

    def begin(self, received: JobInvocation) -> None:
        """Begin the work as a background task of the bot."""
        self.claims.take(received.id, self.access.carry_out(received))

    async def run(self) -> RoomInvocation:
        """Wait until the bot has no work left, and return the row."""
        self.begin(await self.commit())
        await self.tasks.idle()
        return await row_of(self.log)

    def asked_of_slack(self) -> list[str]:
        return [exchange.name for exchange in self.slack.traffic if exchange.kind == "web_api"]


@pytest.fixture
async def play(slack: SlackStandIn, tokens: Tokens, database: Database) -> AsyncIterator[Play]:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(tokens.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        yield Play(FlakyLog(database), slack, client)


async def test_a_look_is_in_the_log_before_anything_is_shown(play: Play) -> None:
    received = await play.commit()

    assert received == await row_of(play.log)
    assert received == replace(play.click, lease_until=NOON + LOOK_TIME)
    assert play.asked_of_slack() == []


async def test_the_same_click_is_committed_once(play: Play) -> None:
    await play.commit()
    assert await play.access.commit(replace(play.click, id="i2")) is None


async def test_a_look_that_cannot_be_committed_is_said_to_be_none(play: Play, database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(text("DROP TABLE invocations"))
    with pytest.raises(DatabaseUnavailable):
        await play.access.commit(play.click)


async def test_the_modal_is_opened_before_the_cloud_is_asked_and_filled_in_afterwards(play: Play) -> None:
    seen: list[str] = []

    async def answer() -> JobReport:
        seen.append(shown(play.slack))
        return FULL_REPORT

    play.cloud.on_state = answer
    row = await play.run()

    [before] = seen
    assert "Asking MetaStudio how to enter the RTC room of job `job-1` …" in before
    assert SIGNATURE not in before
    assert play.cloud.states == [("lobby", "job-1", READ_SECONDS)]
    assert play.asked_of_slack() == ["views.open", "views.update"]
    for fact in ("rtc-app-1", "rtc-room-1", "user-5", SIGNATURE):
        assert fact in shown(play.slack)
    assert (row.status, row.reason, row.lease_until) == (Status.DONE, None, None)


async def test_a_signature_is_shown_and_kept_nowhere(play: Play, tmp_path: Path) -> None:
    with capture_logs() as lines:
        row = await play.run()

    assert SIGNATURE in shown(play.slack)
    assert SIGNATURE not in repr(row)
    assert SIGNATURE not in str(lines)
    assert SIGNATURE.encode() not in bytes_in(tmp_path)
    assert row.origin.response_url is None


async def test_a_trigger_that_slack_refuses_shows_nothing_and_asks_nothing(play: Play) -> None:
    play.slack.use_trigger(play.click.origin.trigger_id or "")
    with capture_logs() as lines:
        row = await play.run()

    assert (row.status, row.reason, row.lease_until) == (
        Status.FAILED,
        reason(Code.MODAL_NOT_OPENED),
        None,
    )
    assert play.cloud.states == []
    assert shown(play.slack) == ""
    assert lines[0]["reason"] == "exchanged_trigger_id"
    [told] = play.channel.told
    assert told.text == "Slack did not open the window. *Press the button once more.*"


async def test_a_slack_that_fails_to_open_the_modal_ends_it(play: Play) -> None:
    play.slack.trouble.server_errors("views.open")

    assert (await play.run()).status is Status.FAILED
    assert play.cloud.states == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            JobOver(reason(Code.JOB_FINISHED)),
            "it is over",
        ),
        (
            OutcomeUnknown(reason(Code.NO_ANSWER_IN_TIME, seconds=10.0, repeatable=True)),
            "Try again in a moment.",
        ),
    ],
    ids=["over", "lost"],
)
async def test_why_there_is_nothing_to_see_is_said_in_the_modal(
    play: Play, error: MetaStudioError, words: str
) -> None:
    error.answer = Answer(400, "MSS.20010066", "<over>", "request-1")

    play.cloud.on_state = error
    row = await play.run()

    assert sentence(error.reason) in shown(play.slack)
    assert words in shown(play.slack)
    assert (row.status, row.reason, row.lease_until) == (Status.FAILED, error.reason, None)
    assert (row.answer.http_status, row.answer.error_code, row.answer.request_id) == (
        400,
        "MSS.20010066",
        "request-1",
    )


@pytest.mark.parametrize("fields", [{}, {"rtc_room_info": None}, {"rtc_room_info": {"users": []}}])
async def test_a_job_without_an_rtc_room_says_so(play: Play, fields: dict[str, Any]) -> None:
    play.cloud.on_state = JobReport.model_validate({"state": "WAITING", **fields})
    row = await play.run()

    assert "The job has no RTC access at the moment." in shown(play.slack)
    assert row.status is Status.DONE


async def test_a_modal_that_was_closed_meanwhile_is_no_failure(play: Play) -> None:
    async def answer() -> JobReport:
        play.slack.views.clear(MEI)
        return FULL_REPORT

    play.cloud.on_state = answer
    with capture_logs() as lines:
        row = await play.run()

    assert row.status is Status.DONE
    assert shown(play.slack) == ""
    assert {(line["event"], line["reason"]) for line in lines} == {("the modal is not updated", "not_found")}


async def test_an_answer_that_slack_does_not_take_keeps_nobody_waiting(play: Play) -> None:
    async def answer() -> JobReport:
        play.slack.trouble.server_errors("views.update", times=MOST_TRIES)
        return FULL_REPORT

    play.cloud.on_state = answer
    row = await play.run()

    assert "Slack did not take the answer. Try again." in shown(play.slack)
    assert SIGNATURE not in shown(play.slack)
    assert row.status is Status.DONE


async def test_a_log_that_fails_meanwhile_keeps_nobody_waiting(play: Play) -> None:
    async def break_the_log() -> JobReport:
        play.log.refuses = 1
        return FULL_REPORT

    play.cloud.on_state = break_the_log
    row = await play.run()

    assert SIGNATURE in shown(play.slack)
    assert (row.status, row.lease_until) == (Status.RECEIVED, NOON)


async def test_a_look_that_is_cut_short_is_left_to_be_closed(play: Play) -> None:
    play.cloud.on_state = never
    play.begin(await play.commit())
    await play.tasks.drain(0.2)

    row = await row_of(play.log)
    assert (row.status, row.lease_until) == (Status.RECEIVED, NOON)


async def test_who_waits_too_long_for_a_turn_is_told_so_in_the_modal(play: Play) -> None:
    play = replace(play, seconds=0.05)

    play.cloud.on_state = never
    row = await play.run()

    assert "So many questions wait for MetaStudio" in shown(play.slack)
    assert row.status is Status.FAILED


async def test_blocks_that_slack_does_not_take_are_replaced_by_paragraphs(play: Play) -> None:
    play.slack.trouble.refuse("invalid_blocks", "views.open", times=1)
    play.slack.trouble.refuse("view_too_large", "views.update", times=1)
    row = await play.run()

    assert SIGNATURE in shown(play.slack)
    assert "'fields'" not in shown(play.slack)
    assert row.status is Status.DONE


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"state": "SUCCEED", "job_duration": 5}, "Room `lobby` ended normally"),
        ({"state": "FAILED", "error_info": {"error_code": "MSS.1"}}, "Room `lobby` failed"),
    ],
)
async def test_a_job_that_is_over_is_said_to_be_over(play: Play, report: dict[str, Any], words: str) -> None:
    async def answer() -> JobReport:
        return JobReport.model_validate(report)

    play.cloud.on_state = answer
    row = await play.run()

    assert words in shown(play.slack)
    assert row.status is Status.DONE
