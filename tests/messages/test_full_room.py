"""The message about a room that takes no more jobs."""

from collections.abc import Callable
from datetime import UTC, datetime

from bot.domain.invocation import JobInvocation
from bot.errors import Answer, Rejected
from bot.messages.full_room import Holder, Holders, full_room
from bot.messages.message import Message
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import changed

AssertGolden = Callable[[str, Message], None]

WORKSPACE = "https://sandbox.slack.com/"
FULL = Rejected(
    reason(Code.ROOM_IS_FULL),
    answer=Answer(http_status=400, error_code="MSS.20010135", request_id="f3a1b2c4d5e6f708"),
)


def running(invocation: JobInvocation, number: int = 1) -> JobInvocation:
    return changed(
        invocation,
        id=f"0198c0de-{number}",
        user_id="U0JONAS001",
        job_id=f"26f06524-4f75-4b3a-a853-b649a21aaf6{number}",
        job_state="running",
        started_at=datetime(2026, 1, 1, 11, 50, tzinfo=UTC),
        message_channel="C0AVATARS1",
        message_ts="1767268200.000100",
    )


def named(invocation: JobInvocation) -> JobInvocation:
    return changed(invocation, room_name="Reception")


def test_one_job_holds_it(invocation: JobInvocation, assert_golden: AssertGolden) -> None:
    start = running(invocation)
    holders = Holders((Holder(start.job.job_id, start=start, may_stop=True),))
    message = full_room(named(invocation), FULL, holders, workspace_url=WORKSPACE)
    assert len(message.text.splitlines()) == 3
    assert_golden("full_room_one", message)


def test_several_jobs_hold_it(invocation: JobInvocation, assert_golden: AssertGolden) -> None:
    start, since = running(invocation), datetime(2026, 1, 1, 11, 55, tzinfo=UTC)
    jobs = (
        Holder(start.job.job_id, start=start, may_stop=True),
        Holder("job-from-the-console", since, may_stop=False),
        Holder("../odd", since, is_doubtful=True, may_stop=True),
    )
    message = full_room(named(invocation), FULL, Holders(jobs, more=2, hidden=1, asked=False))
    assert_golden("full_room_several", message)


def test_nothing_is_listed(invocation: JobInvocation, assert_golden: AssertGolden) -> None:
    assert_golden("full_room_empty", full_room(invocation, FULL, Holders()))


def test_a_job_with_an_id_of_any_length_is_taken_by_slack(
    invocation: JobInvocation, wrong_with: Callable[[Message], list[str]]
) -> None:
    jobs = tuple(Holder(letter * 1150, may_stop=True) for letter in "abc")
    assert wrong_with(full_room(invocation, FULL, Holders(jobs, more=9))) == []
