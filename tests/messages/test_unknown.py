from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.invocation import JobInvocation, Status
from bot.errors import Answer, OutcomeUnknown
from bot.messages.message import Message
from bot.messages.mrkdwn import moment
from bot.messages.unknown import Look, outcome_unknown, settled_already
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from tests.fakes import changed

AssertGolden = Callable[[str, Message], None]

JOB_ID = "26f06524-4f75-4b3a-a853-b649a21aaf66"
LOST = OutcomeUnknown(reason(Code.CONNECTION_LOST, service="MetaStudio"))
BROKEN = OutcomeUnknown(
    reason(Code.INTERNAL_ERROR),
    answer=Answer(500, "MSS.00000004", "Internal Error", "f3a1b2c4d5e6f708"),
)


@pytest.fixture
def unknown(invocation: JobInvocation) -> JobInvocation:
    """Mei's start, of which no answer came."""
    return replace(invocation, status=Status.UNKNOWN)


@pytest.mark.parametrize(
    ("name", "error", "look"),
    [
        ("unknown_nothing_found", LOST, Look()),
        ("unknown_one_found", LOST, Look(found=(JOB_ID,))),
        ("unknown_two_found", BROKEN, Look(found=(JOB_ID, "1c0de8a4-f6b9-4d27-9d3e-0a5b7c9d1e2f"))),
        ("unknown_not_asked", BROKEN, Look(asked=False)),
    ],
)
def test_a_start_of_unknown_outcome_says_what_was_looked_at_and_what_to_do(
    *, name: str, error: OutcomeUnknown, look: Look, unknown: JobInvocation, assert_golden: AssertGolden
) -> None:
    assert_golden(name, outcome_unknown(unknown, error, look=look))


def test_who_cannot_see_the_jobs_is_told_to_look_before_they_start_again(unknown: JobInvocation) -> None:
    text = outcome_unknown(unknown, LOST, look=Look(asked=False)).text
    assert text.startswith("❔  It is not known whether")
    assert "look at the room's jobs in the MetaStudio console before you start it again" in text
    assert "was not started" not in text


def buttons(message: Message) -> list[dict[str, Any]]:
    return [part for block in message.blocks if block["type"] == "actions" for part in block["elements"]]


def test_the_person_can_look_again_or_start_the_same_anyway(unknown: JobInvocation) -> None:
    look, start = buttons(outcome_unknown(unknown, LOST, look=Look()))
    assert (look["text"]["text"], look["value"]) == ("Look again", unknown.id)
    assert (start["text"]["text"], start["value"]) == ("Start anyway", unknown.id)


def test_who_has_looked_again_sees_when(unknown: JobInvocation) -> None:
    when = unknown.created_at + timedelta(minutes=2)
    message = outcome_unknown(unknown, LOST, look=Look(), again=when)
    assert message.blocks[-1]["elements"][0]["text"].startswith(f"Looked again: {moment(when)} · ")


def test_all_the_jobs_that_may_be_it_are_named_up_to_ten(unknown: JobInvocation) -> None:
    found = tuple(f"job-{number}" for number in range(12))
    text = outcome_unknown(unknown, LOST, look=Look(found)).text
    assert "lists 12 jobs" in text
    assert "job `job-9`.\nand 2 more" in text
    assert "job-10" not in text


def test_foreign_words_of_any_length_ping_nobody(
    unknown: JobInvocation, wrong_with: Callable[[Message], list[str]]
) -> None:
    error = OutcomeUnknown(other("<!channel>" * 1000), answer=Answer(500, "<!here>" * 100))
    for look in (Look(("`<!channel>" * 100,) * 30), Look(("<!here>" * 100,)), Look(asked=False)):
        message = outcome_unknown(unknown, error, look=look)
        assert wrong_with(message) == []
        assert "<!" not in str(message)


def test_a_start_whose_job_is_known_by_now_is_settled(
    invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    settled = changed(invocation, job_id=JOB_ID)
    assert_golden("settled_already", settled_already(settled, settled))
