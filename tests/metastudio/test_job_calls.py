"""Stopping and reading jobs: the requests, the results of answers, and the retries."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from bot.domain.invocation import StartRequest
from bot.domain.job import JobReport
from bot.errors import (
    Answer,
    CredentialRefused,
    JobOver,
    MetaStudioError,
    NotSent,
    OperationUnknown,
    OutcomeUnknown,
    Rejected,
    RoomUnknown,
    Throttled,
)
from bot.messages.reason_wording import LOOK_FIRST
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio
from bot.runtime.rate_limiter import RateLimiter
from bot.sandbox.metastudio import MetaStudioStandIn
from tests.metastudio.cloud import (
    FULL_ANSWER,
    JOB_ID,
    NOON,
    PROJECT,
    THROTTLES,
    Behaviour,
    Clock,
    Pauses,
    RawServer,
    Says,
    ScriptedCloud,
    Step,
    answers,
    closes,
    closes_halfway,
    on_the_wire,
    resets,
    says_nothing,
    stops_halfway,
)
from tests.metastudio.ways import LOGIN, WAYS, account_of, settings, settings_at

OpenClient = Callable[..., MetaStudio]
Connect = Callable[..., Awaitable[MetaStudio]]
Operation = Callable[..., Awaitable[Any]]

JOBS = f"https://metastudio.example/v1/{PROJECT}/digital-human-chat/smart-chat-rooms/room-1/smart-chat-jobs"
LOGS_IN = Says(201, {"token": {}}, {"X-Subject-Token": "token-from-iam"})
NO_JOBS = Says(200, {"count": 0, "smart_chat_jobs": []})
STOPPED = Says(200, b"", {"X-Request-Id": "request-1"})


async def stop(metastudio: MetaStudio, *, job_id: str = JOB_ID, seconds: float = 30) -> Answer:
    return await metastudio.stop("room-1", job_id, app_user_id="U1", seconds=seconds)


async def state(metastudio: MetaStudio, *, job_id: str = JOB_ID, seconds: float = 30) -> JobReport:
    return await metastudio.state("room-1", job_id, seconds=seconds)


async def jobs(metastudio: MetaStudio, *, seconds: float = 30) -> tuple[JobReport, ...]:
    return await metastudio.jobs_of_room("room-1", seconds=seconds)


READS: list[Operation] = [state, jobs]
OPERATIONS: list[Operation] = [stop, *READS]


def by_name(operation: Any) -> str:
    name: str = operation.__name__
    return name


async def failure(work: Awaitable[Any]) -> MetaStudioError:
    with pytest.raises(MetaStudioError) as caught:
        await work
    return caught.value


def page_of(first: int, length: int, count: Any) -> Says:
    items = [{"job_id": f"job-{number}", "state": "WAITING"} for number in range(first, first + length)]
    return Says(200, {"count": count, "smart_chat_jobs": items})


@pytest.mark.parametrize("way", WAYS)
async def test_a_job_is_followed_from_its_start_to_its_stop(connect: Connect, clock: Clock, way: str) -> None:
    async with MetaStudioStandIn(account_of(way), clock=lambda: clock().timestamp()) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, way))
        request = StartRequest("room-1", client_id="kiosk-7")
        started = (await metastudio.start(request, app_user_id="U1", seconds=5)).job
        assert started.job_id
        job_id = started.job_id

        waiting = await state(metastudio, job_id=job_id)
        assert (waiting.job_id, waiting.state, waiting.client_id) == (job_id, "WAITING", "kiosk-7")
        assert waiting.create_time == NOON
        assert waiting.rtc_room_info == started.rtc_room_info
        assert waiting.configuration() == started.model_copy(update={"region": None}).configuration()

        clock.advance(seconds=33)
        [running] = await metastudio.jobs_of_room("room-1", states=("WAITING", "PROCESSING"), seconds=5)
        assert (running.job_id, running.state, running.duration) == (job_id, "PROCESSING", 30)
        assert await metastudio.jobs_of_room("room-1", states=("WAITING",), seconds=5) == ()
        assert await metastudio.jobs_of_room("room-2", seconds=5) == ()

        answer = await stop(metastudio, job_id=job_id)
        assert (answer.http_status, answer.error_code) == (200, None)
        assert answer.request_id == stand_in.calls[-1].request_id
        stopped = await state(metastudio, job_id=job_id)
        assert (stopped.state, stopped.job_finish_reason) == ("SUCCEED", "NORMAL")
        assert type(await failure(stop(metastudio, job_id=job_id))) is JobOver


async def test_a_stop_is_sent_as_it_is_documented_and_says_who(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(STOPPED)
    assert await stop(open_client(cloud)) == Answer(http_status=200, request_id="request-1")
    [request] = cloud.requests
    assert (request.method, str(request.url)) == ("POST", f"{JOBS}/{JOB_ID}/stop")
    assert request.headers["X-App-UserId"] == "U1"
    assert request.content == b""


async def test_a_stop_without_a_body_says_so_on_the_wire(open_client: OpenClient) -> None:
    async with RawServer(answers(on_the_wire(200))) as server:
        await stop(open_client(endpoint=server.url))
        head = server.requests[0].lower()
        assert head.endswith(b"\r\n\r\n")
        assert b"\r\ncontent-length: 0\r\n" in head
        assert head.count(b"\r\ncontent-type:") == head.count(b"\r\ncontent-type: application/json\r\n") == 1


async def test_who_cannot_be_named_in_a_header_is_left_out_of_a_stop(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(STOPPED)
    await open_client(cloud).stop("room-1", JOB_ID, app_user_id="梅", seconds=5)
    assert "X-App-UserId" not in cloud.requests[0].headers


async def test_the_state_of_a_job_is_asked_as_it_is_documented(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(Says(200, FULL_ANSWER | {"state": "PROCESSING"}))
    assert (await state(open_client(cloud))).state == "PROCESSING"
    [request] = cloud.requests
    assert (request.method, str(request.url)) == ("GET", f"{JOBS}/{JOB_ID}/state")
    assert request.content == b""


async def test_a_room_is_asked_about_as_it_is_documented(open_client: OpenClient) -> None:
    room = {"room_id": "room-1", "room_name": "Lobby kiosk", "video_config": {"width": 1920, "height": None}}
    cloud = ScriptedCloud(Says(200, room))
    report = await open_client(cloud).room("room-1", seconds=5)
    assert (report.name, report.told()) == ("Lobby kiosk", {"video_config": {"width": 1920}})
    [request] = cloud.requests
    url = f"https://metastudio.example/v1/{PROJECT}/smart-chat-rooms/room-1"
    assert (request.method, str(request.url)) == ("GET", url)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Says(400, {"error_code": "MSS.20010045"}), RoomUnknown),
        (Says(404, {"error_code": "APIGW.0101"}), OperationUnknown),
        (Says(429, {"error_code": "APIGW.0308"}), Throttled),
        (Says(500, {"error_code": "MSS.00000004"}), OutcomeUnknown),
        (Says(200, b"<html>"), OutcomeUnknown),
        (Says(200, []), OutcomeUnknown),
    ],
)
async def test_a_room_of_which_nothing_is_told_is_an_error_and_asked_about_once(
    open_client: OpenClient, answer: Says, error: type[Exception]
) -> None:
    cloud = ScriptedCloud(answer)
    with pytest.raises(error):
        await open_client(cloud).room("room-1", seconds=5)
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    ("states", "query"),
    [
        ((), {"limit": ["100"], "offset": ["0"]}),
        (("WAITING",), {"state": ["WAITING"], "limit": ["100"], "offset": ["0"]}),
        (
            ("WAITING", "PROCESSING"),
            {"state": ["WAITING,PROCESSING"], "limit": ["100"], "offset": ["0"]},
        ),
    ],
)
async def test_the_jobs_of_a_room_are_asked_as_it_is_documented(
    open_client: OpenClient, states: tuple[str, ...], query: dict[str, list[str]]
) -> None:
    cloud = ScriptedCloud(NO_JOBS)
    assert await open_client(cloud).jobs_of_room("room-1", states=states, seconds=5) == ()
    [request] = cloud.requests
    assert (request.method, str(request.url).partition("?")[0]) == ("GET", JOBS)
    assert parse_qs(request.url.query.decode()) == query


@pytest.mark.parametrize(
    "job_id",
    [
        *("a/b", "../../../rooms", "..a", "...", "a%2Fb", "100%", "a b", "a+b", "a?b=c", "a#b", "a;b=c"),
        *("~.-_", "é", "会议", "!$&'()*,:@[]", "x" * 256),
    ],
)
@pytest.mark.parametrize("operation", [stop, state], ids=by_name)
async def test_any_job_id_reaches_the_cloud_as_one_segment_and_signed_right(
    connect: Connect, clock: Clock, operation: Operation, job_id: str
) -> None:
    async with MetaStudioStandIn(account_of("keys"), clock=lambda: clock().timestamp()) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, "keys"))
        error = await failure(operation(metastudio, job_id=job_id))
        assert (type(error), error.answer.error_code) == (JobOver, "MSS.20010074")
        assert f"/room-1/smart-chat-jobs/{job_id}/"[:300] in stand_in.calls[-1].path


@pytest.mark.parametrize("job_id", ["", " ", ".", "..", "a\nb", "\x00", chr(0xD800), "\ufffd", "x" * 257])
@pytest.mark.parametrize("operation", [stop, state], ids=by_name)
async def test_what_cannot_be_the_id_of_a_job_is_not_asked_for(
    open_client: OpenClient, operation: Operation, job_id: str
) -> None:
    cloud = ScriptedCloud(STOPPED)
    error = await failure(operation(open_client(cloud), job_id=job_id))
    assert type(error) is JobOver
    assert advice(error)
    assert cloud.requests == []


@pytest.mark.parametrize("code", ["MSS.20010066", "MSS.20010074"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_a_job_that_is_over_is_an_answer_of_its_own(
    open_client: OpenClient, operation: Operation, code: str
) -> None:
    cloud = ScriptedCloud(Says(400, {"error_code": code, "error_msg": "over"}))
    error = await failure(operation(open_client(cloud)))
    assert (type(error), error.answer.error_code, error.answer.error_msg) == (JobOver, code, "over")
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    "says",
    [
        Says(400, {"error_code": "MSS.00010003", "error_msg": "API not found"}),
        Says(404, {"error_code": "APIGW.0101", "error_msg": "no such API", "request_id": "request-1"}),
        Says(404, b"<html>not found</html>"),
        Says(404),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_a_service_that_does_not_know_the_operation_says_so(
    open_client: OpenClient, operation: Operation, says: Says
) -> None:
    cloud = ScriptedCloud(says)
    error = await failure(operation(open_client(cloud)))
    assert type(error) is OperationUnknown
    assert "METASTUDIO_ENDPOINT" in advice(error)
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_a_404_with_a_code_is_about_something_else(
    open_client: OpenClient, operation: Operation
) -> None:
    says = Says(404, {"error_code": "MSS.20010045", "error_msg": "no room"})
    assert type(await failure(operation(open_client(ScriptedCloud(says))))) is RoomUnknown


GARBAGE = {
    "nothing": b"",
    "not JSON": b"<html>hello</html>",
    "half of it": b'{"job_id": "26f0',
    "not UTF-8": b"\xff\xfe",
    "a list": b'[{"job_id": "x"}]',
    "a string": b'"x"',
    "a number": b"1",
    "null": b"null",
    "too deep": b"[" * 5000 + b"]" * 5000,
}
ODD_LISTS = {
    "no list": b"{}",
    "the list is null": b'{"count": 0, "smart_chat_jobs": null}',
    "the list is an object": b'{"count": 0, "smart_chat_jobs": {}}',
    "the list is a string": b'{"count": 0, "smart_chat_jobs": ""}',
    "the list is a number": b'{"count": 0, "smart_chat_jobs": 0}',
    "the list has another name": b'{"count": 0, "jobs": []}',
}
TOO_LARGE = b'{"a": "' + b"a" * 10_000_000 + b'"}'


@pytest.mark.parametrize("name", GARBAGE)
async def test_a_stop_needs_no_particular_answer(open_client: OpenClient, name: str) -> None:
    cloud = ScriptedCloud(Says(200, GARBAGE[name], {"X-Request-Id": "request-1"}))
    assert await stop(open_client(cloud)) == Answer(http_status=200, request_id="request-1")
    assert len(cloud.requests) == 1


async def test_what_a_successful_stop_answers_is_not_read(open_client: OpenClient) -> None:
    says = Says(202, {"error_code": "MSS.20010066", "error_msg": "over", "request_id": "request-2"})
    assert await stop(open_client(ScriptedCloud(says))) == Answer(http_status=202)


@pytest.mark.parametrize("name", GARBAGE)
async def test_a_state_that_is_no_object_tells_nothing(open_client: OpenClient, name: str) -> None:
    assert await state(open_client(ScriptedCloud(Says(200, GARBAGE[name])))) == JobReport()


async def test_a_state_is_read_as_far_as_it_can_be(open_client: OpenClient) -> None:
    odd = {
        "job_id": 7,
        "state": "PROCESSING",
        "duration": "12.5",
        "create_time": 1610268197,
        "error_info": [],
        "video_config": {"width": "1920", "height": None},
    }
    report = await state(open_client(ScriptedCloud(Says(200, odd))))
    assert (report.job_id, report.state, report.duration) == ("7", "PROCESSING", 12.5)
    assert (report.create_time, report.error_info) == (None, None)
    assert report.video_config
    assert report.video_config.width == 1920


@pytest.mark.parametrize("name", [*GARBAGE, *ODD_LISTS])
@pytest.mark.parametrize("pages_before", [0, 1])
async def test_that_a_room_has_no_jobs_is_never_concluded_from_garbage(
    open_client: OpenClient, name: str, pages_before: int
) -> None:
    garbage = Says(200, (ODD_LISTS | GARBAGE)[name], {"X-Request-Id": "request-1"})
    cloud = ScriptedCloud(*[page_of(0, 100, 150)] * pages_before, garbage)
    error = await failure(jobs(open_client(cloud)))
    assert type(error) is OutcomeUnknown
    assert sentence(error.reason) == "MetaStudio's list of jobs cannot be read."
    assert advice(error) == "Try again in a moment."
    assert error.answer == Answer(http_status=200, request_id="request-1")
    assert len(cloud.requests) == pages_before + 1


@pytest.mark.parametrize("operation", READS, ids=by_name)
async def test_an_answer_of_10_mb_is_not_read(open_client: OpenClient, operation: Operation) -> None:
    cloud = ScriptedCloud(Says(200, TOO_LARGE))
    error = await failure(operation(open_client(cloud)))
    assert type(error) is OutcomeUnknown
    assert "too large" in sentence(error.reason)
    assert advice(error) == "Try again in a moment."
    assert len(cloud.requests) == 1


async def test_items_without_a_job_are_left_out(open_client: OpenClient) -> None:
    items: list[Any] = [
        *(None, 1, "job-1", [], {}, {"job_id": None}, {"job_id": " "}, {"job_id": ["job-1"]}),
        {"job_id": "job-2", "state": "WAITING", "duration": "0"},
        {"job_id": 3, "state": None},
    ]
    found = await jobs(open_client(ScriptedCloud(Says(200, {"count": 10, "smart_chat_jobs": items}))))
    assert found == (JobReport(job_id="job-2", state="WAITING", duration=0), JobReport(job_id="3"))


@pytest.mark.parametrize("count", [250, "250", 250.0], ids=repr)
async def test_pages_are_read_on_while_the_count_says_that_there_are_more(
    open_client: OpenClient, count: Any
) -> None:
    cloud = ScriptedCloud(page_of(0, 100, count), page_of(100, 100, count), page_of(200, 50, count))
    found = await open_client(cloud).jobs_of_room("room-1", states=["WAITING"], seconds=5)
    assert [report.job_id for report in found] == [f"job-{number}" for number in range(250)]
    asked = [parse_qs(request.url.query.decode()) for request in cloud.requests]
    assert [query["offset"] for query in asked] == [["0"], ["100"], ["200"]]
    assert all((query["limit"], query["state"]) == (["100"], ["WAITING"]) for query in asked)


@pytest.mark.parametrize("count", [None, 100, 0, -1, "many", [], True, 10**30, float("nan")], ids=str)
async def test_a_count_that_is_no_help_ends_the_reading_in_good_time(
    open_client: OpenClient, count: Any
) -> None:
    cloud = ScriptedCloud(page_of(0, 100, count), Says(200, {"count": count, "smart_chat_jobs": []}))
    assert len(await jobs(open_client(cloud))) == 100
    assert len(cloud.requests) <= 2


@pytest.mark.parametrize("count", [None, 0, -1, "many"], ids=str)
async def test_a_full_page_without_a_usable_count_is_not_taken_for_the_last(
    open_client: OpenClient, count: Any
) -> None:
    cloud = ScriptedCloud(page_of(0, 100, count), page_of(100, 7, count))
    assert len(await jobs(open_client(cloud))) == 107
    assert len(cloud.requests) == 2


async def test_a_cloud_that_gives_shorter_pages_is_asked_for_the_rest(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(page_of(0, 10, 25), page_of(10, 10, 25), page_of(20, 5, 25))
    assert len(await jobs(open_client(cloud))) == 25


async def test_no_more_than_five_pages_are_read(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(*(page_of(first, 100, 10_000) for first in range(0, 1000, 100)))
    assert len(await jobs(open_client(cloud))) == 500
    assert len(cloud.requests) == 5


async def test_a_job_that_slips_onto_the_next_page_is_told_once(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(page_of(0, 100, 101), page_of(99, 2, 102))
    found = await jobs(open_client(cloud))
    assert [report.job_id for report in found] == [f"job-{number}" for number in range(101)]


async def test_many_jobs_come_page_by_page_from_a_real_server(connect: Connect, clock: Clock) -> None:
    async with MetaStudioStandIn(account_of("keys"), clock=lambda: clock().timestamp()) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, "keys"))
        request = StartRequest("room-1")
        await asyncio.gather(*(metastudio.start(request, app_user_id="U1", seconds=30) for _ in range(120)))
        found = await metastudio.jobs_of_room("room-1", states=("WAITING", "PROCESSING"), seconds=5)
        assert {report.job_id for report in found} == {job.job_id for job in stand_in.jobs}


async def test_one_time_limit_is_for_all_pages(open_client: OpenClient) -> None:
    async def forever(_: httpx.Request) -> Says:
        await asyncio.Event().wait()
        raise AssertionError

    cloud = ScriptedCloud(page_of(0, 100, 200), forever)
    error = await failure(jobs(open_client(cloud), seconds=0.1))
    assert type(error) is OutcomeUnknown
    assert len(cloud.requests) == 2


LOST: list[Step] = [
    httpx.ReadError("lost"),
    httpx.ReadTimeout("silent"),
    Says(408),
    Says(500, {"error_code": "MSS.00000004", "error_msg": "Internal Error"}),
    Says(503, b"<html>"),
    Says(503, {"error_code": "MSS.20010135", "error_msg": "busy"}),
]


@pytest.mark.parametrize("lost", LOST, ids=str)
@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_the_advice_after_a_lost_answer_fits_what_was_asked(
    open_client: OpenClient, operation: Operation, lost: Step
) -> None:
    error = await failure(operation(open_client(ScriptedCloud(lost))))
    assert type(error) is OutcomeUnknown
    assert advice(error) == "Try again in a moment."


@pytest.mark.parametrize("lost", LOST, ids=str)
async def test_the_advice_after_a_lost_start_stays_to_look_first(open_client: OpenClient, lost: Step) -> None:
    metastudio = open_client(ScriptedCloud(lost))
    error = await failure(metastudio.start(StartRequest("room-1"), app_user_id="U1", seconds=5))
    assert advice(error) == LOOK_FIRST


@pytest.mark.parametrize(
    "trouble", [*LOST, THROTTLES, httpx.ConnectError("down"), Says(400), Says(401)], ids=str
)
@pytest.mark.parametrize("operation", READS, ids=by_name)
async def test_a_read_is_not_repeated(
    open_client: OpenClient, pauses: Pauses, operation: Operation, trouble: Step
) -> None:
    cloud = ScriptedCloud(trouble)
    await failure(operation(open_client(cloud)))
    assert len(cloud.requests) == 1
    assert pauses == []


@pytest.mark.parametrize("trouble", [*LOST, THROTTLES, httpx.ConnectError("down")], ids=str)
@pytest.mark.parametrize("failures", [1, 3])
async def test_a_stop_is_repeated_until_it_gets_through(
    open_client: OpenClient, pauses: Pauses, trouble: Step, failures: int
) -> None:
    cloud = ScriptedCloud(*[trouble] * failures, STOPPED)
    assert (await stop(open_client(cloud))).http_status == 200
    assert len({(request.method, str(request.url), request.content) for request in cloud.requests}) == 1
    assert len(cloud.requests) == failures + 1
    assert pauses == [0.75, 1.5, 3.0][:failures]


@pytest.mark.parametrize("trouble", [*LOST, THROTTLES, httpx.ConnectError("down")], ids=str)
async def test_a_stop_is_given_up_after_three_retries(
    open_client: OpenClient, pauses: Pauses, trouble: Step
) -> None:
    cloud = ScriptedCloud(trouble)
    error = await failure(stop(open_client(cloud)))
    assert type(error) is (
        NotSent
        if isinstance(trouble, httpx.ConnectError)
        else Throttled
        if trouble is THROTTLES
        else OutcomeUnknown
    )
    assert len(cloud.requests) == 4
    assert pauses == [0.75, 1.5, 3.0]


@pytest.mark.parametrize("refusal", [Says(400), Says(401), Says(403), Says(404), Says(409)], ids=str)
async def test_a_refused_stop_is_not_repeated(open_client: OpenClient, refusal: Says) -> None:
    cloud = ScriptedCloud(refusal, STOPPED)
    assert isinstance(await failure(stop(open_client(cloud))), Rejected)
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("later", [THROTTLES, httpx.ConnectError("down")], ids=str)
async def test_a_stop_that_may_have_been_done_stays_unknown_whatever_its_repeats_meet(
    open_client: OpenClient, later: Step
) -> None:
    error = await failure(stop(open_client(ScriptedCloud(Says(502), later))))
    assert type(error) is OutcomeUnknown
    assert error.answer.http_status == 502


async def test_a_job_that_is_over_after_a_lost_answer_was_stopped_by_it(open_client: OpenClient) -> None:
    over = Says(400, {"error_code": "MSS.20010066", "error_msg": "over"})
    cloud = ScriptedCloud(httpx.ReadError("lost"), over)
    assert await stop(open_client(cloud)) == Answer(400, "MSS.20010066", "over")


async def test_a_job_that_is_over_after_a_throttled_stop_was_over_already(open_client: OpenClient) -> None:
    over = Says(400, {"error_code": "MSS.20010066", "error_msg": "over"})
    assert type(await failure(stop(open_client(ScriptedCloud(THROTTLES, over))))) is JobOver


async def test_a_stop_is_not_repeated_beyond_its_time(open_client: OpenClient, pauses: Pauses) -> None:
    cloud = ScriptedCloud(Says(500))
    error = await failure(stop(open_client(cloud), seconds=0.7))
    assert (type(error), error.answer.http_status) == (OutcomeUnknown, 500)
    assert len(cloud.requests) == 1
    assert pauses == []


async def test_the_time_limit_in_a_pause_tells_why_there_was_one(open_client: OpenClient) -> None:
    async def forever(_: float) -> None:
        await asyncio.Event().wait()

    metastudio = open_client(ScriptedCloud(Says(500)), sleep=forever, jitter=lambda: 0.0)
    error = await failure(stop(metastudio, seconds=0.55))
    assert (type(error), error.answer.http_status) == (OutcomeUnknown, 500)
    assert advice(error) == "Try again in a moment."


@pytest.mark.parametrize("behave", [says_nothing, stops_halfway], ids=by_name)
@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_a_server_that_falls_silent_is_left_at_the_time_limit(
    open_client: OpenClient, operation: Operation, behave: Behaviour
) -> None:
    async with RawServer(behave) as server:
        error = await failure(operation(open_client(endpoint=server.url), seconds=0.2))
        assert type(error) is OutcomeUnknown
        assert sentence(error.reason) == "MetaStudio did not answer within 0.2 seconds."
        assert advice(error) == "Try again in a moment."
        assert len(server.requests) == 1


@pytest.mark.parametrize("behave", [closes, resets, closes_halfway], ids=by_name)
@pytest.mark.parametrize(
    ("operation", "sent"), [(stop, {4}), (state, {1, 2}), (jobs, {1, 2})], ids=["stop", "state", "jobs"]
)
async def test_after_a_lost_connection_a_stop_is_repeated_and_a_read_at_most_by_aiohttp(
    open_client: OpenClient, behave: Behaviour, operation: Operation, sent: set[int]
) -> None:
    async with RawServer(behave) as server:
        error = await failure(operation(open_client(endpoint=server.url)))
        assert type(error) is OutcomeUnknown
        assert advice(error) == "Try again in a moment."
        assert len(server.requests) in sent


@pytest.mark.parametrize("operation", READS, ids=by_name)
async def test_refused_reads_slow_all_reads_down_and_good_ones_speed_them_up(
    open_client: OpenClient, operation: Operation
) -> None:
    reads = RateLimiter(1000)
    metastudio = open_client(ScriptedCloud(THROTTLES, THROTTLES, NO_JOBS), reads=reads)
    rates = []
    for _ in range(2):
        assert type(await failure(operation(metastudio))) is Throttled
        rates.append(reads.rate)
    await operation(metastudio)
    rates.append(reads.rate)
    assert rates == [500, 250, 300]


@pytest.mark.parametrize("trouble", [*LOST, httpx.ConnectError("down"), Says(400), Says(401)], ids=str)
@pytest.mark.parametrize("operation", READS, ids=by_name)
async def test_other_failures_leave_the_pace_alone(
    open_client: OpenClient, operation: Operation, trouble: Step
) -> None:
    reads = RateLimiter(1000)
    reads.slow_down()
    await failure(operation(open_client(ScriptedCloud(trouble), reads=reads)))
    assert reads.rate == 500


async def test_starts_and_stops_have_nothing_to_do_with_the_pace_of_reads(open_client: OpenClient) -> None:
    reads = RateLimiter(0.5)
    await reads.acquire()
    metastudio = open_client(ScriptedCloud(THROTTLES, STOPPED, Says(202, FULL_ANSWER)), reads=reads)
    await stop(metastudio, seconds=1)
    await metastudio.start(StartRequest("room-1"), app_user_id="U1", seconds=1)
    assert reads.rate == 0.5


async def test_every_page_waits_for_its_turn(open_client: OpenClient) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    cloud = ScriptedCloud(page_of(0, 100, 250), page_of(100, 100, 250), page_of(200, 50, 250))
    await jobs(open_client(cloud, reads=RateLimiter(10, now=lambda: 0.0, sleep=sleep)))
    assert waited == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("operation", READS, ids=by_name)
async def test_waiting_for_a_turn_takes_nothing_from_the_time_for_the_answer(
    open_client: OpenClient, operation: Operation
) -> None:
    reads = RateLimiter(5)
    await reads.acquire()
    cloud = ScriptedCloud(NO_JOBS)
    await operation(open_client(cloud, reads=reads), seconds=0.1)
    assert len(cloud.requests) == 1


async def test_the_pace_of_reads_is_a_setting(connect: Connect) -> None:
    cloud = ScriptedCloud(NO_JOBS)
    metastudio = await connect(settings(WAYS["keys"], AVATAR_READS_PER_SECOND=0.5), cloud)
    await jobs(metastudio)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(jobs(metastudio), 0.05)
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_a_refused_token_is_renewed_once(connect: Connect, operation: Operation) -> None:
    refused = Says(401, {"error_code": "MSS.00000001", "error_msg": "Unauthorized"})
    cloud = ScriptedCloud(LOGS_IN, refused, LOGS_IN, NO_JOBS)
    await operation(await connect(settings(LOGIN), cloud))
    assert len(cloud.requests) == 4
    cloud = ScriptedCloud(LOGS_IN, refused, LOGS_IN, refused, LOGS_IN, NO_JOBS)
    assert type(await failure(operation(await connect(settings(LOGIN), cloud)))) is CredentialRefused
    assert len(cloud.requests) == 4


async def test_tokens_taken_back_are_renewed_with_a_real_server(connect: Connect, clock: Clock) -> None:
    async with MetaStudioStandIn(account_of("login"), clock=lambda: clock().timestamp()) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, "login"))
        await jobs(metastudio)
        stand_in.revoke_tokens()
        assert await jobs(metastudio) == ()
        assert [call.auth for call in stand_in.calls].count("password") == 2


async def test_a_clock_that_is_far_off_is_refused_in_reads_too(connect: Connect, clock: Clock) -> None:
    behind = NOON - timedelta(minutes=16)
    async with MetaStudioStandIn(account_of("keys"), clock=behind.timestamp) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, "keys"))
        for operation in OPERATIONS:
            error = await failure(operation(metastudio))
            assert (type(error), error.answer.error_code) == (CredentialRefused, "APIGW.0301")


SIGNATURES = ["rtc-signature", "ready-made-token"]
WITH_SIGNATURES: dict[str, Step] = {
    "a state": Says(200, FULL_ANSWER | {"state": "PROCESSING"}),
    "a list": Says(200, {"count": 1, "smart_chat_jobs": [FULL_ANSWER]}),
    "an odd list": Says(200, {"smart_chat_jobs": FULL_ANSWER}),
    "half a state": Says(200, json.dumps(FULL_ANSWER).encode()[:-5]),
    "an odd signature": Says(200, {"rtc_room_info": {"users": [{"signature": ["rtc-signature"]}]}}),
    "a refusal": Says(400, FULL_ANSWER | {"error_code": "MSS.20010066", "error_msg": "over"}),
    "a failure": Says(500, FULL_ANSWER),
    "a mistake in code": RuntimeError("a mistake in a library"),
}


@pytest.mark.parametrize("name", WITH_SIGNATURES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
async def test_no_signature_is_seen_in_what_comes_back_or_goes_wrong(
    open_client: OpenClient, operation: Operation, name: str
) -> None:
    try:
        result = await operation(open_client(ScriptedCloud(WITH_SIGNATURES[name])))
        told = [repr(result), str(result)]
    except (MetaStudioError, RuntimeError) as error:
        told = [*traceback.format_exception(error), repr(error), repr(vars(error))]
    assert not [secret for secret in SIGNATURES if secret in "".join(told)]
