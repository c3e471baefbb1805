from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.arguments import Regions, parse_start, parse_stop, unknown_subcommand
from bot.domain.invocation import JobInvocation, StartRequest, Status
from bot.domain.typed_text import words_of
from bot.errors import (
    Answer,
    CredentialRefused,
    DatabaseUnavailable,
    InvalidArguments,
    NotSent,
    ReasonedError,
    Refused,
    Rejected,
    Throttled,
)
from bot.messages.message import Message
from bot.messages.replies import declined, interrupted, not_started, starting, went_wrong
from bot.messages.there_already import duplicate, used
from bot.messages.usage import avatar_usage, usage
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from tests.fakes import changed

AssertGolden = Callable[[str, Message], None]

COMMAND = "/avatar-start"
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
JOB = "26f06524-4f75-4b3a-a853-b649a21aaf66"
BOTH = ("cn-north-4", "cn-southwest-2")


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("starting_in_a_region", StartRequest(ROOM, region="cn-north-4")),
        ("starting_in_an_unnamed_region", StartRequest(ROOM, region="eu-west-101")),
        ("starting_without_region", StartRequest(ROOM)),
    ],
)
def test_an_ack_says_which_room_is_being_started(
    name: str, request_: StartRequest, invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    assert_golden(name, starting(invocation.asking_for(request_)))


@pytest.mark.parametrize(
    ("name", "regions"),
    [("usage", Regions(BOTH)), ("usage_with_default_region", Regions(BOTH, default="cn-southwest-2"))],
)
def test_usage_names_every_argument_and_the_regions(
    name: str, regions: Regions, assert_golden: AssertGolden
) -> None:
    assert_golden(name, usage(COMMAND, regions))


def test_the_usage_of_the_other_command_names_all_that_it_does(assert_golden: AssertGolden) -> None:
    assert_golden("avatar_usage", avatar_usage("/avatar", COMMAND))


def test_the_example_of_the_usage_works_when_it_is_typed() -> None:
    regions = Regions(("eu-west-101",))
    [example] = [line for line in usage(COMMAND, regions).text.splitlines() if line.startswith("Example")]
    typed = example.partition(f"{COMMAND} ")[2]
    assert parse_start(words_of(typed), regions) == StartRequest(ROOM, region="eu-west-101")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("declined_region", f"{ROOM} cn-noth-4"),
        ("declined_room_missing", "cn-north-4"),
        ("declined_room_id", "my&lt;room&gt;"),
        ("declined_too_many_words", f"{ROOM} cn-north-4 please"),
        ("declined_room_type", f"{ROOM} room_type=METALNK"),
    ],
)
def test_unusable_arguments_are_declined_with_what_is_allowed(
    name: str, text: str, assert_golden: AssertGolden
) -> None:
    with pytest.raises(InvalidArguments) as declining:
        parse_start(words_of(text), Regions(BOTH))
    assert_golden(name, declined(declining.value, COMMAND))


@pytest.mark.parametrize(
    ("name", "words"), [("declined_job_missing", []), ("declined_job_id", ["a/b"])], ids=["missing", "wrong"]
)
def test_an_unusable_command_for_jobs_is_declined_the_same_way(
    name: str, words: list[str], assert_golden: AssertGolden
) -> None:
    with pytest.raises(InvalidArguments) as declining:
        parse_stop(words)
    assert_golden(name, declined(declining.value, "/avatar", verdict="Nothing was stopped."))


def test_an_unknown_subcommand_is_declined_with_those_that_there_are(assert_golden: AssertGolden) -> None:
    unknown = unknown_subcommand("stpo", ("help", "jobs", "stop"))
    assert_golden("declined_verb", declined(unknown, "/avatar", verdict="Nothing was stopped."))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "declined_by_policy",
            Refused(
                reason(Code.CHANNEL_NOT_ALLOWED, verb="start"),
            ),
        ),
        (
            "declined_without_log",
            DatabaseUnavailable(reason(Code.DATABASE_WRITES_SLOWLY)),
        ),
    ],
)
def test_a_refusal_before_the_start_says_that_nothing_was_started(
    name: str, error: ReasonedError, assert_golden: AssertGolden
) -> None:
    assert_golden(name, declined(error, COMMAND))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "not_started_rejected",
            Rejected(
                reason(Code.ROOM_IS_FULL),
                answer=Answer(400, "MSS.20010135", "Insufficient concurrency", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_started_rejected_in_foreign_words",
            Rejected(
                reason(Code.METASTUDIO_SAYS, text="<!channel> rooms & jobs are *full*"),
                answer=Answer(409, "MSS.99999999", "<!channel> rooms & jobs are *full*", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_started_throttled",
            Throttled(
                reason(Code.THROTTLED),
                answer=Answer(
                    429, "APIGW.0308", "The throttling threshold has been reached", "f3a1b2c4d5e6f708"
                ),
            ),
        ),
        (
            "not_started_credential",
            CredentialRefused(
                reason(Code.CREDENTIALS_REFUSED),
                answer=Answer(401, "MSS.00000001", "Unauthorized", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_started_not_sent",
            NotSent(
                reason(
                    Code.UNREACHABLE,
                    service="MetaStudio",
                    host="metastudio.cn-north-4.myhuaweicloud.com",
                    setting="METASTUDIO_ENDPOINT",
                    network=True,
                )
            ),
        ),
        (
            "not_started_no_turn",
            Refused(reason(Code.NO_TURN, seconds=30.0)),
        ),
    ],
)
def test_a_start_that_made_no_job_says_what_happened_and_what_to_do(
    name: str, error: ReasonedError, invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    assert_golden(name, not_started(invocation, error))


@pytest.mark.parametrize("code", [Code.ROOM_NAME_UNKNOWN, Code.ROOM_NAME_OF_SEVERAL])
def test_a_start_that_needs_another_name_is_not_offered_again(code: Code, invocation: JobInvocation) -> None:
    unclear = ReasonedError(reason(code, word="Loby kiosk", close="", rooms="", count=2))
    assert "actions" not in [block["type"] for block in not_started(invocation, unclear).blocks]


def test_a_refusal_of_something_else_says_what_that_comes_to(assert_golden: AssertGolden) -> None:
    refusal = Refused(reason(Code.PERSON_NOT_ALLOWED, verb="stop"))
    assert_golden("declined_stop", declined(refusal, "/avatar", verdict="The job goes on."))


def test_where_nothing_follows_from_a_refusal_nothing_is_said_of_it() -> None:
    assert (
        declined(DatabaseUnavailable(other("The database is busy.")), "/avatar", verdict="").text
        == "The database is busy."
    )
    said = declined(InvalidArguments(other("`x` is no word.")), "/avatar", verdict="").text
    assert said == "`x` is no word.\n`/avatar help` shows what can be typed."


def test_a_start_that_never_left_can_be_sent_now(
    invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    asked = changed(invocation, room_type="RTC", client_id="desk-7", request_id=None)
    message = interrupted(asked)
    assert_golden("interrupted", message)
    [pressed] = message.blocks[1]["elements"]
    assert pressed["value"] == asked.id


@pytest.mark.parametrize(
    ("name", "existing"),
    [
        ("duplicate_starting", {"status": Status.STARTING}),
        ("duplicate_received", {"status": Status.RECEIVED, "region": None}),
        ("duplicate_started", {"status": Status.STARTED, "job_id": JOB}),
        ("duplicate_unknown", {"status": Status.UNKNOWN}),
    ],
)
def test_a_second_start_of_a_room_is_told_of_the_first(
    name: str, existing: dict[str, Any], invocation: JobInvocation, assert_golden: AssertGolden
) -> None:
    first = changed(invocation, **existing)
    asking = changed(invocation, user_id="U0JONAS001", created_at=first.created_at + timedelta(seconds=4))
    assert_golden(name, duplicate(first, asking))


@pytest.mark.parametrize(
    ("existing", "words", "labels"),
    [
        ({"status": Status.STARTING}, "is starting", []),
        ({"status": Status.STARTED, "job_id": JOB}, f"\nJob `{JOB}`\n", []),
        (
            {"status": Status.FAILED, "reason": other("The room is full.")},
            "The room is full.",
            ["Start it now"],
        ),
        (
            {"status": Status.REFUSED, "reason": other("No turn.")},
            "was not started. No turn.",
            ["Start it now"],
        ),
        ({"status": Status.UNKNOWN}, "It is not known", ["Look again", "Start anyway"]),
    ],
)
def test_a_button_that_was_used_tells_what_came_of_it(
    existing: dict[str, Any], words: str, labels: list[str], invocation: JobInvocation
) -> None:
    first = changed(invocation, **existing)
    asking = changed(invocation, user_id="U0JONAS001", created_at=first.created_at + timedelta(hours=1))
    message = used(first, asking)
    assert message.text.endswith(f"This button works once: <@{first.origin.user_id}> used it 1 h ago.")
    assert words in message.text
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    assert [button["text"]["text"] for row in rows for button in row] == labels


def test_who_asks_twice_at_once_is_told_so_in_the_second_person(invocation: JobInvocation) -> None:
    first = changed(invocation, status=Status.STARTING, region=None)
    second = replace(first, created_at=first.created_at + timedelta(milliseconds=300))
    message = duplicate(first, second)
    assert message.text.startswith(f"⏳  Room `{ROOM}` is starting already, by you, just now.")


def test_a_duplicate_with_foreign_words_pings_nobody(
    invocation: JobInvocation, wrong_with: Callable[[Message], list[str]]
) -> None:
    mean = changed(
        invocation,
        user_id="<!channel>" * 100,
        reason=other("<!here>" * 1000),
        job_id="`<!here>" * 100,
        region="<!here>" * 100,
    )
    for status in Status:
        existing = replace(mean, status=status)
        for message in (duplicate(existing, invocation), used(existing, invocation)):
            assert wrong_with(message) == []
            assert "<" not in str(message).replace("<!date^", "")


def test_an_error_of_the_bots_own_gives_a_reference(assert_golden: AssertGolden) -> None:
    assert_golden("went_wrong", went_wrong("0198c0de-7000-7000-8000-0123456789ab"))


def test_foreign_words_of_any_length_ping_nobody_and_leave_room_for_the_reference(
    invocation: JobInvocation,
) -> None:
    endless = Rejected(other("<!channel>" * 1000), answer=Answer(400, "<!here>" * 1000))
    text = not_started(invocation, endless).text
    assert "<" not in text.replace(f"<@{invocation.origin.user_id}>", "")
    assert len(text) < 4000
    assert invocation.id in text
