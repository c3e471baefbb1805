"""MetaStudio's answers to a start become a job, or an error with advice."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from bot.errors import (
    Answer,
    CredentialRefused,
    JobOver,
    MetaStudioError,
    OperationUnknown,
    OutcomeUnknown,
    Rejected,
    RoomUnknown,
    Throttled,
)
from bot.messages.reason_wording import LOOK_FIRST
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio, Started
from bot.metastudio.error_codes import REASONS, error_of
from tests.metastudio.cloud import FULL_ANSWER, JOB_ID, ROOM, Says, ScriptedCloud

OpenClient = Callable[..., MetaStudio]

DOCUMENTED: list[tuple[int, str, type[MetaStudioError]]] = [
    (401, "MSS.00000001", CredentialRefused),
    (400, "MSS.00000002", Rejected),
    (400, "MSS.00000003", Rejected),
    (500, "MSS.00000004", OutcomeUnknown),
    (400, "MSS.00010003", OperationUnknown),
    (400, "MSS.00010008", CredentialRefused),
    (400, "MSS.00010009", Rejected),
    (400, "MSS.20010045", RoomUnknown),
    (400, "MSS.20010046", Rejected),
    (400, "MSS.20010056", Rejected),
    (400, "MSS.20010066", JobOver),
    (400, "MSS.20010074", JobOver),
    (400, "MSS.20010135", Rejected),
    (400, "MSS.45000023", Rejected),
    (401, "APIGW.0301", CredentialRefused),
    (404, "APIGW.0101", OperationUnknown),
    (429, "APIGW.0308", Throttled),
]


@pytest.fixture
def start(open_client: OpenClient) -> Callable[[Says], Any]:
    """Return a function that starts a job in a cloud with one fixed answer."""

    async def start_once(says: Says) -> Started:
        return await open_client(ScriptedCloud(says)).start(ROOM, app_user_id="U1", seconds=5)

    return start_once


@pytest.fixture
def refusal(start: Callable[[Says], Any]) -> Callable[[Says], Any]:
    """Return a function that returns the error for an answer."""

    async def start_in_vain(says: Says) -> MetaStudioError:
        with pytest.raises(MetaStudioError) as caught:
            await start(says)
        return caught.value

    return start_in_vain


async def test_every_field_of_the_document_arrives(start: Callable[[Says], Any]) -> None:
    started = await start(Says(202, FULL_ANSWER, {"X-Request-Id": "request-1"}))
    arrived = started.job.model_dump()
    for user in arrived["rtc_room_info"]["users"]:
        assert isinstance(user["signature"], SecretStr)
        user["signature"] = user["signature"].get_secret_value()
    assert arrived == FULL_ANSWER
    assert started.answer == Answer(http_status=202, request_id="request-1")


async def test_a_job_id_alone_is_a_started_job(start: Callable[[Says], Any]) -> None:
    started = await start(Says(202, {"job_id": JOB_ID}))
    assert started.job.job_id == JOB_ID
    assert set(started.job.model_dump(exclude={"job_id"}).values()) == {None}
    assert started.answer == Answer(http_status=202)


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_any_success_that_names_a_job_is_a_started_job(
    start: Callable[[Says], Any], status: int
) -> None:
    assert (await start(Says(status, {"job_id": JOB_ID}))).job.job_id == JOB_ID


async def test_nulls_count_as_left_out(start: Callable[[Says], Any]) -> None:
    nulls = dict.fromkeys(FULL_ANSWER) | {"job_id": JOB_ID}
    assert (await start(Says(202, nulls))).job == (await start(Says(202, {"job_id": JOB_ID}))).job


async def test_nulls_inside_are_borne(start: Callable[[Says], Any]) -> None:
    inside = {
        "job_id": JOB_ID,
        "video_config": {"width": None, "height": 1080},
        "voice_config_list": [None, {"speed": None, "language": "EN"}],
        "rtc_room_info": {"users": [None, {"signature": None, "user_id": "one"}]},
    }
    job = (await start(Says(202, inside))).job
    assert (job.video_config.width, job.video_config.height) == (None, 1080)
    assert job.voice_config_list[1].language == "EN"
    assert job.rtc_room_info.users[1].user_id == "one"


async def test_fields_of_newer_answers_are_ignored(start: Callable[[Says], Any]) -> None:
    newer = FULL_ANSWER | {"language": "EN", "chat_access_address": "wss://chat.example", "later": [1]}
    assert (await start(Says(202, newer))).job == (await start(Says(202, FULL_ANSWER))).job


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Answer(400, "MSS.00000003", "Invalid parameter"), Rejected),
        (Answer(401, "MSS.00000001", "Unauthorized"), CredentialRefused),
        (Answer(500, "MSS.00000004", "Internal Error"), OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("where", ["header", "body", "both"])
async def test_the_documents_errors_keep_what_was_said(
    refusal: Callable[[Says], Any], said: Answer, kind: type[MetaStudioError], where: str
) -> None:
    body = {"error_code": said.error_code, "error_msg": said.error_msg}
    if where != "header":
        body["request_id"] = "from the body"
    headers = {"X-Request-Id": "from the header"} if where != "body" else {}
    error = await refusal(Says(said.http_status or 0, body, headers))
    assert type(error) is kind
    assert error.answer == replace(said, request_id=f"from the {'body' if where == 'body' else 'header'}")
    assert advice(error)


@pytest.mark.parametrize(("status", "code", "kind"), DOCUMENTED)
async def test_every_documented_code_has_a_meaning_and_an_advice(
    refusal: Callable[[Says], Any], status: int, code: str, kind: type[MetaStudioError]
) -> None:
    error = await refusal(Says(status, {"error_code": code, "error_msg": "its own words"}))
    assert type(error) is kind
    assert error.reason.code is REASONS[code]
    assert sentence(error.reason)
    assert advice(error)
    assert error.answer.error_msg == "its own words"


def test_no_code_is_in_the_table_that_is_not_documented() -> None:
    assert REASONS.keys() == {code for _, code, _ in DOCUMENTED}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
async def test_a_code_that_is_not_listed_passes_with_its_own_text(
    refusal: Callable[[Says], Any], status: int
) -> None:
    error = await refusal(Says(status, {"error_code": "MSS.99999999", "error_msg": "The moon is full."}))
    assert type(error) is Rejected
    assert "The moon is full." in sentence(error.reason)
    assert error.answer.error_code == "MSS.99999999"


@pytest.mark.parametrize("code", ["MSS.00010003", "MSS.20010066", "MSS.20010074", "APIGW.0101"])
@pytest.mark.parametrize(
    ("status", "kind"), [(401, CredentialRefused), (429, Throttled), (500, OutcomeUnknown)]
)
def test_a_status_that_says_how_far_it_came_outweighs_the_code(
    status: int, code: str, kind: type[MetaStudioError]
) -> None:
    assert type(error_of(Answer(status, code))) is kind


async def test_an_error_of_the_gateway_is_read(refusal: Callable[[Says], Any]) -> None:
    body = {"error_code": "APIGW.0101", "error_msg": "The API does not exist", "request_id": "gateway-1"}
    error = await refusal(Says(404, body))
    assert error.answer == Answer(404, "APIGW.0101", "The API does not exist", "gateway-1")
    assert "METASTUDIO_ENDPOINT" in advice(error)


@pytest.mark.parametrize("text", [{"message": "No permission"}, {"title": "No permission", "message": None}])
async def test_an_error_in_iams_shape_is_read(refusal: Callable[[Says], Any], text: dict[str, Any]) -> None:
    error = await refusal(Says(403, {"error": {"code": 403, **text}}))
    assert error.answer == Answer(403, "403", "No permission")
    assert "No permission" in sentence(error.reason)
    assert "permissions" in advice(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Rejected),
        (400, Rejected),
        (401, CredentialRefused),
        (403, Rejected),
        (404, OperationUnknown),
        (408, OutcomeUnknown),
        (413, Rejected),
        (429, Throttled),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (504, OutcomeUnknown),
        (599, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("content", [b"", b"<html>Bad Gateway</html>", b"[]", b'{"error": "text"}', b"null"])
async def test_an_error_without_a_usable_body_is_told_by_its_status(
    refusal: Callable[[Says], Any], status: int, kind: type[MetaStudioError], content: bytes
) -> None:
    error = await refusal(Says(status, content, {"X-Request-Id": "request-1"}))
    assert type(error) is kind
    assert error.answer == Answer(status, request_id="request-1")
    assert sentence(error.reason)


@pytest.mark.parametrize("status", [408, 500, 503])
async def test_an_unknown_outcome_is_never_without_advice(
    refusal: Callable[[Says], Any], status: int
) -> None:
    error = await refusal(Says(status, {"error_code": "MSS.99999999", "error_msg": "Oh."}))
    assert advice(error) == LOOK_FIRST


async def test_a_redirect_is_not_followed(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(Says(307, b"", {"Location": "https://elsewhere.example/"}))
    with pytest.raises(Rejected):
        await open_client(cloud).start(ROOM, app_user_id="U1", seconds=5)
    assert len(cloud.requests) == 1


async def test_an_endless_error_text_is_cut(refusal: Callable[[Says], Any]) -> None:
    error = await refusal(Says(400, {"error_code": "MSS.99999999", "error_msg": "so " * 10_000}))
    assert len(sentence(error.reason)) < 1100
    assert len(error.answer.error_msg) == 1000


def test_an_error_without_any_status_is_a_refusal() -> None:
    assert type(error_of(Answer())) is Rejected
