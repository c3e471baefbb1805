from collections.abc import Callable

import pytest

from bot.domain.arguments import JobRef
from bot.domain.invocation import JobInvocation
from bot.errors import Answer, MetaStudioError, NotSent, OutcomeUnknown, Rejected
from bot.messages.message import TEXT_LIMIT, Message
from bot.messages.stops import not_stopped, over_already, stopped, stopping
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason

AssertGolden = Callable[[str, Message], None]

REF = JobRef("24bad716-87b1-45e5-8912-6102f7693265", "26f06524-4f75-4b3a-a853-b649a21aaf66")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stopping", stopping(REF)),
        ("stopped", stopped(REF)),
        ("over_already", over_already(REF, typed=False)),
        ("over_or_never_there", over_already(REF, typed=True)),
    ],
)
def test_a_stop_says_which_job_it_is_about(name: str, message: Message, assert_golden: AssertGolden) -> None:
    assert_golden(name, message)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "not_stopped_rejected",
            Rejected(
                reason(Code.ROOM_UNKNOWN),
                answer=Answer(400, "MSS.20010045", "Room not found", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_stopped_not_sent",
            NotSent(reason(Code.NOT_SENT_IN_TIME, seconds=30.0)),
        ),
        (
            "not_stopped_for_sure",
            OutcomeUnknown(reason(Code.NO_ANSWER_IN_TIME, seconds=30.0, repeatable=True)),
        ),
    ],
)
def test_a_stop_that_failed_says_what_happened_and_what_to_do(
    name: str, error: MetaStudioError, invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    assert_golden(name, not_stopped(REF, error, invocation))


def test_small_print_begins_with_a_capital_also_without_the_job(invocation: JobInvocation) -> None:
    failed = not_stopped(
        JobRef("", "job-1"), NotSent(reason(Code.NOT_SENT_IN_TIME, seconds=30.0)), invocation
    )
    assert failed.text.splitlines()[-1] == f"Log entry `{invocation.id}`"


def test_who_does_not_know_whether_it_stopped_is_not_told_of_starting(invocation: JobInvocation) -> None:
    text = not_stopped(REF, OutcomeUnknown(other("No answer came.")), invocation).text
    assert "Stop it once more; that does no harm." in text
    assert "started" not in text


def test_foreign_words_ping_nobody_and_leave_room_for_the_reference(invocation: JobInvocation) -> None:
    endless = Rejected(other("<!channel>" * 1000), answer=Answer(400, "<!here>" * 1000))
    text = not_stopped(REF, endless, invocation).text
    assert "<" not in text
    assert len(text) < TEXT_LIMIT
    assert invocation.id in text
