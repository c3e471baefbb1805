"""RTC access: only the person who started the job sees it, in a modal and nowhere else."""

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.domain.invocation import Action, Status
from bot.runtime.process_log import configure_logging
from bot.settings import LogFormat, LogLevel, Switch
from tests.fakes import flat
from tests.stage import AMARA, JONAS, MEI, Stage, StagedWith, buttons, until


@pytest.fixture
def at_debug() -> Iterator[io.StringIO]:
    """Yield the process log at DEBUG. Its redaction knows no secret by value."""
    root, said = logging.getLogger(), io.StringIO()
    handlers, level, raises, style = (
        root.handlers,
        root.level,
        logging.raiseExceptions,
        structlog.get_config(),
    )
    configure_logging(level=LogLevel.DEBUG, style=LogFormat.JSON, secrets=(), stream=said)
    yield said
    root.handlers, logging.raiseExceptions = handlers, raises
    root.setLevel(level)
    logging.getLogger("slack_sdk.web").setLevel(logging.NOTSET)
    structlog.configure(**style)


def modal(stage: Stage, user: str = MEI) -> str:
    """Return everything in the modal that a person sees."""
    [view] = stage.slack.views.stack(user)
    assert view.content["title"]["text"] == "RTC access"
    return str(view.blocks)


async def access_rows(stage: Stage) -> list[tuple[str, str | None, Status]]:
    """Return person, job and status of each use of RTC access."""
    return [
        (row.origin.user_id, flat(row).job_id, row.status)
        for row in await stage.log()
        if row.action is Action.RTC_ACCESS
    ]


async def test_who_started_the_job_sees_all_that_a_client_needs_and_nobody_else_does(stage: Stage) -> None:
    announcement = await stage.starts()
    [job] = stage.metastudio.jobs
    clicked = await stage.clicks("RTC access", announcement)

    assert clicked.error is None
    shown = modal(stage)
    assert job.job_id in shown
    assert all(signature in shown for signature in stage.metastudio.issued_signatures)
    for part in ("App ID", "RTC room", "*Device user*", "end_user-", "*Avatar*", "Expires: <!date^"):
        assert part in shown
    assert "It is shown to nobody but you" in shown
    assert stage.slack.views.stack(JONAS) == []
    assert await access_rows(stage) == [(MEI, job.job_id, Status.DONE)]


async def test_the_signatures_are_in_no_message_no_row_no_file_and_no_log(
    staged_with: StagedWith, at_debug: io.StringIO, tmp_path: Path
) -> None:
    async with staged_with() as stage:
        announcement = await stage.starts()
        await stage.clicks("RTC access", announcement)
        await stage.clicks("RTC access", announcement, user=JONAS)
        assert "*Device user*" in modal(stage)
        signatures = stage.metastudio.issued_signatures
        calls = [call.sent for call in stage.slack.traffic if not call.name.startswith("views.")]
        elsewhere = str(stage.slack.messages()) + str(calls) + str(await stage.log())
        stored = bytes_of(tmp_path, "log.db", "log.db-wal")
    elsewhere += at_debug.getvalue()

    assert announcement.text.splitlines()[1] in elsewhere
    assert '"level": "debug"' in elsewhere
    assert len(signatures) >= 3
    for signature in signatures:
        assert signature not in elsewhere
        assert signature.encode() not in stored


def bytes_of(folder: Path, *files: str) -> bytes:
    return b"".join((folder / file).read_bytes() for file in files)


async def test_another_person_is_refused_and_an_admin_is_not(staged_with: StagedWith) -> None:
    async with staged_with(policy=f'admins = ["{AMARA}"]\n') as stage:
        announcement = await stage.starts()
        [job] = stage.metastudio.jobs
        await stage.clicks("RTC access", announcement, user=JONAS)
        await stage.clicks("RTC access", announcement, user=AMARA)

        told = stage.said(JONAS)[-1]
        assert told.visible_to == JONAS
        assert "Only who started the job, and the bot's admins, may see its RTC access." in told.text
        assert stage.slack.views.stack(JONAS) == []
        assert "*Device user*" in modal(stage, AMARA)
        assert await access_rows(stage) == [
            (JONAS, job.job_id, Status.REFUSED),
            (AMARA, job.job_id, Status.DONE),
        ]


async def test_where_it_is_switched_off_there_is_no_button_and_an_old_one_is_refused(
    staged_with: StagedWith,
) -> None:
    async with staged_with() as before:
        of_before = await before.runs()  # so nothing is left that would draw it anew
        assert buttons(of_before) == ["Stop", "Details", "RTC access"]

    async with staged_with(AVATAR_RTC_ACCESS=Switch.OFF) as stage:
        of_now = await stage.starts("lobby")
        assert buttons(of_now) == ["Stop", "Details"]
        await stage.clicks("RTC access", of_before)

        assert "RTC access is switched off." in stage.said()[-1].text
        assert stage.slack.views.stack(MEI) == []
        assert stage.asked("state") == 0
        assert await access_rows(stage) == [(MEI, stage.metastudio.jobs[0].job_id, Status.REFUSED)]


@pytest.mark.parametrize(
    ("trouble", "words", "status"),
    [
        ("server_errors", "MetaStudio had an internal error.", Status.FAILED),
        ("reset_connections", "The connection to MetaStudio was lost", Status.FAILED),
        ("unsupport", "MetaStudio does not offer this operation at the bot's endpoint.", Status.FAILED),
        ("garble", "The job has no RTC access at the moment.", Status.DONE),
    ],
)
async def test_where_metastudio_fails_the_modal_says_so(
    socket_stage: Stage, trouble: str, words: str, status: Status
) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    getattr(stage.metastudio.trouble, trouble)("state")
    await stage.clicks("RTC access", announcement)

    assert words in modal(stage)
    assert await access_rows(stage) == [(MEI, stage.metastudio.jobs[0].job_id, status)]


async def test_a_metastudio_that_takes_its_time_is_waited_for(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    stage.metastudio.trouble.hang("state")
    clicking = asyncio.create_task(stage.clicks("RTC access", announcement))
    await until(lambda: bool(stage.slack.views.stack(MEI)))
    assert "Asking MetaStudio how to enter the RTC room" in modal(stage)

    stage.metastudio.trouble.clear()
    await clicking
    assert "*Device user*" in modal(stage)


async def test_where_slack_opens_no_modal_metastudio_is_not_asked(socket_stage: Stage) -> None:
    stage = socket_stage
    announcement = await stage.starts()
    stage.slack.trouble.server_errors("views.open")
    await stage.clicks("RTC access", announcement)

    assert stage.asked("state") == 0
    assert [status for *_, status in await access_rows(stage)] == [Status.FAILED]
