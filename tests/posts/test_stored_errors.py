"""An error that is made from a row equals the error that was stored."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.errors import (
    Answer,
    DatabaseUnavailable,
    InvalidArguments,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    ReasonedError,
    Refused,
    Rejected,
)
from bot.messages.reasons import advice, sentence
from bot.metastudio.error_codes import error_of
from bot.posts.stored_errors import KINDS, error_of_row
from bot.reasons import Reason, other, reason
from bot.reasons import ReasonCode as Code
from bot.store.database import Database
from bot.store.invocations import Invocations
from tests.fakes import an_invocation, changed
from tests.messages.every_reason import REASONS

ROW = an_invocation(
    id="i1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U0MEI",
    trigger_id="t1",
)

ANSWERS = [
    Answer(status, code, text, "request-1")
    for status in (303, 400, 401, 403, 404, 407, 408, 409, 429, 500, 503)
    for code in (None, "MSS.20010045", "MSS.20010066", "MSS.00010003", "MSS.00010008", "MSS.9")
    for text in (None, "The moon is full.")
]


def errors_of(why: Reason) -> list[ReasonedError]:
    """Return all errors that hold a reason."""
    if kind := KINDS.get(why.code):
        return [kind(why), kind(why, answer=Answer(401, "MSS.20010135", "no", "request-1"))]
    if why.code.startswith("database"):
        return [DatabaseUnavailable(why)]
    return [Refused(why), InvalidArguments(why)]


EVERY_ERROR = [
    *(error for why in REASONS for error in errors_of(why)),
    *(error_of(answer) for answer in ANSWERS),
    NotSent(reason(Code.UNREACHABLE, service="MetaStudio", host="h", setting="HTTPS_PROXY")),
]


def status_of(error: ReasonedError) -> Status:
    match error:
        case Refused():
            return Status.REFUSED
        case InvalidArguments():
            return Status.INVALID
        case OutcomeUnknown():
            return Status.UNKNOWN
        case _:
            return Status.FAILED


def row_of(error: ReasonedError, **changes: Any) -> Invocation:
    answer = error.answer if isinstance(error, MetaStudioError) else Answer()
    row = replace(ROW, status=status_of(error), reason=error.reason, answer=answer)
    return changed(row, **changes)


def is_same(one: ReasonedError, other: ReasonedError) -> bool:
    answers = [getattr(error, "answer", None) for error in (one, other)]
    return (
        type(one) is type(other)
        and one.reason == other.reason
        and sentence(one.reason) == sentence(other.reason)
        and advice(one) == advice(other)
        and answers[0] == answers[1]
    )


@pytest.fixture
def log(database: Database) -> Invocations:
    """Return the invocation log."""
    return Invocations(database)


async def test_every_error_comes_back_from_its_row_as_it_was(log: Invocations) -> None:
    for number, error in enumerate(EVERY_ERROR):
        row = row_of(error, id=f"i{number}", trigger_id=f"t{number}")
        assert await log.record(row)
        kept = await log.get(row.id)
        assert kept == row
        assert is_same(error_of_row(kept), error), error


@pytest.mark.parametrize("action", [Action.START, Action.STOP])
def test_of_a_stop_too_the_row_says_whether_it_was_sent(action: Action) -> None:
    for error in EVERY_ERROR:
        if isinstance(error, MetaStudioError):
            again = error_of_row(row_of(error, action=action, status=Status.FAILED))
            assert is_same(again, error)


def test_a_failure_that_another_version_wrote_is_told_in_its_words() -> None:
    failed = replace(ROW, status=Status.FAILED, reason=other("It was the cat's doing."))
    assert type(error_of_row(failed)) is Rejected
    assert type(error_of_row(replace(failed, action=Action.STOP))) is OutcomeUnknown
    assert sentence(error_of_row(failed).reason) == "It was the cat's doing."
