from collections.abc import Callable

import pytest

from bot.domain.invocation import JobInvocation, JobState
from bot.domain.job_state import JobLife
from bot.errors import Answer
from bot.messages.ended import ended
from bot.messages.message import TEXT_LIMIT, Message
from tests.fakes import changed

AssertGolden = Callable[[str, Message], None]

JOB_ID = "26f06524-4f75-4b3a-a853-b649a21aaf66"


@pytest.fixture
def started(invocation: JobInvocation) -> JobInvocation:
    """Mei's start with its job."""
    return changed(invocation, job_id=JOB_ID, job_state=JobState.RUNNING)


@pytest.mark.parametrize(
    ("name", "life"),
    [
        ("ended_normally", JobLife(JobState.ENDED, 125.4)),
        ("ended_silent", JobLife(JobState.SILENT, 60)),
        ("ended_unjoined", JobLife(JobState.UNJOINED, 0)),
        ("ended_stopped", JobLife(JobState.STOPPED, 40, stopped_by="U0TOM00001")),
        ("ended_failed", JobLife(JobState.FAILED, 63, Answer(error_code="MSS.20019999", error_msg="Lost."))),
    ],
)
def test_the_end_of_a_job_is_its_state_and_who_started_a_failed_one_is_mentioned(
    name: str, life: JobLife, started: JobInvocation, assert_golden: AssertGolden
) -> None:
    message = ended(started, life)
    assert (f"<@{started.origin.user_id}>" in message.text) is (life.state is JobState.FAILED)
    assert_golden(name, message)


def test_foreign_words_in_the_sentence_ping_nobody(started: JobInvocation) -> None:
    error = Answer(error_code="`<!here>" * 100, error_msg="<!channel>" * 1000)
    text = ended(started, JobLife(JobState.FAILED, error=error)).text
    assert "<" not in text.replace(f"<@{started.origin.user_id}>", "")
    assert len(text) < TEXT_LIMIT
