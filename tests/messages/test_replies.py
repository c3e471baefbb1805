from collections.abc import Callable

import pytest

from bot.errors import (
    Answer,
    AvatarError,
    CredentialRefused,
    InvalidArguments,
    LogUnavailable,
    NotSent,
    OutcomeUnknown,
    Refused,
    Rejected,
    Throttled,
)
from bot.messages.message import Message
from bot.messages.replies import declined, not_started, starting, usage, went_wrong
from bot.model import Invocation, StartRequest
from bot.parsing import Regions, parse_start

AssertGolden = Callable[[str, Message], None]

COMMAND = "/avatar-start"
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
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
    name: str, request_: StartRequest, assert_golden: AssertGolden
) -> None:
    assert_golden(name, starting(request_))


@pytest.mark.parametrize(
    ("name", "regions"),
    [("usage", Regions(BOTH)), ("usage_with_default_region", Regions(BOTH, default="cn-southwest-2"))],
)
def test_usage_names_every_argument_and_the_regions(
    name: str, regions: Regions, assert_golden: AssertGolden
) -> None:
    assert_golden(name, usage(COMMAND, regions))


def test_the_example_of_the_usage_works_when_it_is_typed() -> None:
    regions = Regions(("eu-west-101",))
    [example] = [line for line in usage(COMMAND, regions).text.splitlines() if line.startswith("Example")]
    typed = example.partition(f"{COMMAND} ")[2]
    assert parse_start(typed, regions) == StartRequest(ROOM, region="eu-west-101")


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
        parse_start(text, Regions(BOTH))
    assert_golden(name, declined(declining.value, COMMAND))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "declined_by_policy",
            Refused(
                "Avatars may not be started from this channel.",
                advice="Ask whoever runs the bot to change its policy.",
            ),
        ),
        (
            "declined_without_log",
            LogUnavailable("The log takes too long to write.", advice="Try again in a moment."),
        ),
    ],
)
def test_a_refusal_before_the_start_says_that_nothing_was_started(
    name: str, error: AvatarError, assert_golden: AssertGolden
) -> None:
    assert_golden(name, declined(error, COMMAND))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "not_started_rejected",
            Rejected(
                "The room's concurrency is used up.",
                advice="Stop a running session of this room, "
                "or raise the room's concurrency in the MetaStudio console.",
                answer=Answer(400, "MSS.20010135", "Insufficient concurrency", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_started_rejected_in_foreign_words",
            Rejected(
                "MetaStudio says: <!channel> rooms & jobs are *full*",
                answer=Answer(409, "MSS.99999999", "<!channel> rooms & jobs are *full*", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_started_throttled",
            Throttled(
                "MetaStudio is throttling the bot.",
                advice="Wait a moment and try again.",
                answer=Answer(
                    429, "APIGW.0308", "The throttling threshold has been reached", "f3a1b2c4d5e6f708"
                ),
            ),
        ),
        (
            "not_started_credential",
            CredentialRefused(
                "MetaStudio does not accept the bot's credentials.",
                advice="Whoever runs the bot: check the keys or the token.",
                answer=Answer(401, "MSS.00000001", "Unauthorized", "f3a1b2c4d5e6f708"),
            ),
        ),
        (
            "not_started_not_sent",
            NotSent(
                "MetaStudio cannot be reached at metastudio.cn-north-4.myhuaweicloud.com.",
                advice="Try again; if it stays so, check METASTUDIO_ENDPOINT and the network of its machine.",
            ),
        ),
        (
            "not_started_no_turn",
            Refused(
                "Too many starts are waiting: this one had no turn within 30 seconds.",
                advice="Try again in a moment.",
            ),
        ),
        ("not_known", OutcomeUnknown("The connection to MetaStudio was lost before its answer came.")),
        (
            "not_known_with_answer",
            OutcomeUnknown(
                "MetaStudio had an internal error.",
                answer=Answer(500, "MSS.00000004", "Internal Error", "f3a1b2c4d5e6f708"),
            ),
        ),
    ],
)
def test_a_start_that_made_no_job_says_what_happened_and_what_to_do(
    name: str, error: AvatarError, invocation: Invocation, assert_golden: AssertGolden
) -> None:
    assert_golden(name, not_started(invocation, error))


def test_nobody_is_told_to_try_again_where_a_job_may_be_running(invocation: Invocation) -> None:
    text = not_started(invocation, OutcomeUnknown("The answer cannot be read.")).text
    assert text.startswith("*It is not known whether")
    assert "look at the room's jobs in the MetaStudio console before you start it again" in text
    assert "was not started" not in text


def test_an_error_of_the_bots_own_gives_a_reference(assert_golden: AssertGolden) -> None:
    assert_golden("went_wrong", went_wrong("0198c0de-7000-7000-8000-0123456789ab"))


def test_foreign_words_of_any_length_ping_nobody_and_leave_room_for_the_reference(
    invocation: Invocation,
) -> None:
    endless = Rejected("<!channel>" * 1000, advice="<!here>" * 1000, answer=Answer(400, "<!here>" * 1000))
    text = not_started(invocation, endless).text
    assert "<" not in text
    assert len(text) < 4000
    assert invocation.id in text
