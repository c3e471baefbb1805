"""Starts: their parameters, their answers, and the rooms in which they fail."""

import json
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest

from bot.sandbox.metastudio import MISBEHAVING_ROOMS, ORDINARY_LIFE, MetaStudioStandIn
from bot.sandbox.metastudio.plans import plan_for

Call = Callable[..., Awaitable[httpx.Response]]
LOBBY = "24bad716-87b1-45e5-8912-6102f7693265"
NOON = 1_767_268_800


def start_path(room_id: str) -> str:
    return f"/smart-chat-rooms/{room_id}/smart-chat-jobs"


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


async def test_a_start_is_accepted_and_described_in_full(call: Call) -> None:
    answer = await call("POST", start_path(LOBBY), b'{"region":"cn-southwest-2"}')
    assert answer.status_code == 202
    assert answer.headers["X-Request-Id"]
    body = answer.json()
    assert body["region"] == "cn-southwest-2"
    assert body["default_language"] == body["language"] == "EN"
    assert body["chat_video_type"] in {"COMPUTER", "MOBILE", "Hub"}
    assert isinstance(body["is_transparent"], bool)
    assert (body["video_config"]["width"], body["video_config"]["height"]) in {(1920, 1080), (1080, 1920)}
    assert body["chat_subtitle_config"].keys() == {"dx", "dy", "width", "height"}
    assert body["chat_access_address"].startswith("wss://")
    assert body["chat_access_rest_address"].startswith("https://")


@pytest.mark.parametrize("room_id", [LOBBY, *(f"room-{number}" for number in range(20))])
async def test_the_values_of_every_room_are_within_the_documented_ranges(call: Call, room_id: str) -> None:
    body = (await call("POST", start_path(room_id))).json()
    first, second = body["voice_config_list"]
    for voice in (first, second):
        assert 50 <= voice["speed"] <= 200
        assert 50 <= voice["pitch"] <= 200
        assert 90 <= voice["volume"] <= 240
    for name in ("provider", "language", "language_desc", "speed", "voice_asset_id"):
        assert first[name] != second[name]
    assert first["language"] == body["default_language"]
    video, box = body["video_config"], body["chat_subtitle_config"]
    assert box["dx"] + box["width"] <= video["width"]
    assert box["dy"] + box["height"] <= video["height"]


async def test_rtc_signatures_are_fresh_credentials_good_for_less_than_twelve_hours(
    call: Call, stand_in: MetaStudioStandIn
) -> None:
    answers = [(await call("POST", start_path(LOBBY))).json() for _ in range(2)]
    users = [user for answer in answers for user in answer["rtc_room_info"]["users"]]
    signatures = [user["signature"] for user in users]
    assert len(set(signatures)) == len(signatures)
    assert set(signatures) == stand_in.issued_signatures
    assert all(NOON < user["ctime"] < NOON + 12 * 3600 for user in users)
    one_job = answers[0]["rtc_room_info"]["users"]
    assert len({user["user_type"] for user in one_job}) == len(one_job) >= 3


async def test_a_room_is_configured_alike_every_time_and_rooms_differ(call: Call) -> None:
    async def configuration(room_id: str) -> str:
        body = (await call("POST", start_path(room_id))).json()
        for name in ("job_id", "rtc_room_info", "chat_access_address"):
            del body[name]
        return json.dumps(body, sort_keys=True)

    assert await configuration("one") == await configuration("one")
    assert len({await configuration(f"room-{number}") for number in range(5)}) == 5


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b' {"region": null, "new_field": 1} '])
async def test_a_start_that_names_nothing_gets_the_defaults(
    call: Call, stand_in: MetaStudioStandIn, body: bytes
) -> None:
    assert (await call("POST", start_path(LOBBY), body)).json()["region"] == "cn-north-4"
    (job,) = stand_in.jobs
    assert (job.region, job.room_type, job.client_id, job.app_user_id) == ("cn-north-4", "RTC", None, None)


async def test_what_a_start_names_is_on_record(call: Call, stand_in: MetaStudioStandIn) -> None:
    asked_for = {"region": "cn-southwest-2", "room_type": "METALINK", "client_id": "kiosk-7"}
    answer = await call("POST", start_path("lobby"), json.dumps(asked_for).encode(), {"x-app-userid": "U123"})
    (job,) = stand_in.jobs
    assert job.job_id == answer.json()["job_id"]
    assert (job.room_id, job.region, job.room_type) == ("lobby", "cn-southwest-2", "METALINK")
    assert (job.client_id, job.app_user_id, job.state) == ("kiosk-7", "U123", "WAITING")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "MSS.00000002"),
        (b"\xff", "MSS.00000002"),
        (b"[" * 100_000, "MSS.00000002"),
        (b"[]", "MSS.00000002"),
        (b'"text"', "MSS.00000002"),
        (b'{"region":"cn-north-5"}', "MSS.00000003"),
        (b'{"region":""}', "MSS.00000003"),
        (b'{"region":{}}', "MSS.00000003"),
        (b'{"room_type":"rtc"}', "MSS.00000003"),
        (b'{"client_id":7}', "MSS.00000003"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
async def test_a_body_that_is_not_right_starts_nothing(
    call: Call, stand_in: MetaStudioStandIn, body: bytes, code: str
) -> None:
    assert outcome(await call("POST", start_path(LOBBY), body)) == (400, code)
    assert stand_in.jobs == []


async def test_a_user_id_with_chinese_characters_is_refused(
    client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    path = f"/v1/{stand_in.credentials.project_id}{start_path(LOBBY)}"
    headers = [(b"X-Auth-Token", b"a-ready-made-token"), (b"X-App-UserId", "王".encode())]
    assert outcome(await client.post(path, headers=headers)) == (400, "MSS.00000003")


async def test_the_sibling_under_digital_human_chat_answers_200(call: Call) -> None:
    answer = await call("POST", f"/digital-human-chat{start_path(LOBBY)}?robot_id=r1")
    assert answer.status_code == 200
    assert answer.json()["rtc_room_info"]["users"]


async def test_a_body_of_more_than_a_mebibyte_is_too_large(call: Call) -> None:
    answer = await call("POST", start_path(LOBBY), b" " * (1024**2 + 1))
    assert outcome(answer) == (413, "APIGW.0201")


@pytest.mark.parametrize(
    ("room_id", "status", "code"),
    [
        ("busy", 400, "MSS.20010135"),
        ("missing", 400, "MSS.20010045"),
        ("broken", 500, "MSS.00000004"),
    ],
)
async def test_a_room_that_refuses_makes_no_job(
    call: Call, stand_in: MetaStudioStandIn, room_id: str, status: int, code: str
) -> None:
    assert outcome(await call("POST", start_path(room_id))) == (status, code)
    assert stand_in.jobs == []


async def test_the_throttled_room_refuses_twice_and_accepts_once_and_so_on(
    call: Call, stand_in: MetaStudioStandIn
) -> None:
    answers = [await call("POST", start_path("throttled")) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [429, 429, 202, 429, 429, 202]
    assert outcome(answers[0]) == (429, "APIGW.0308")
    assert answers[0].json()["request_id"]
    assert len(stand_in.jobs) == 2


async def test_the_lost_room_makes_exactly_one_job_and_drops_the_connection(
    call: Call, stand_in: MetaStudioStandIn
) -> None:
    with pytest.raises(httpx.TransportError):
        await call("POST", start_path("lost"))
    assert [job.room_id for job in stand_in.jobs] == ["lost"]
    assert [(made.status, made.auth) for made in stand_in.calls] == [(None, "signature")]


async def test_the_bare_room_answers_with_nothing_but_the_job_id(
    call: Call, stand_in: MetaStudioStandIn
) -> None:
    answer = await call("POST", start_path("bare"))
    assert answer.status_code == 202
    assert answer.json() == {"job_id": stand_in.jobs[0].job_id}


@pytest.mark.parametrize(
    ("room", "job_tells", "room_tells"),
    [("bare", True, True), ("bare-state", False, True), ("bare-all", False, False)],
)
async def test_the_bare_rooms_differ_in_which_answers_show_voices_and_picture(
    call: Call, room: str, *, job_tells: bool, room_tells: bool
) -> None:
    job_id = (await call("POST", start_path(room))).json()["job_id"]
    jobs = f"/digital-human-chat/smart-chat-rooms/{room}/smart-chat-jobs"
    [listed] = (await call("GET", jobs)).json()["smart_chat_jobs"]
    state = (await call("GET", f"{jobs}/{job_id}/state")).json()
    alone = (await call("GET", f"/smart-chat-rooms/{room}")).json()
    for name in ("voice_config_list", "video_config"):
        assert [name in answer for answer in (listed, state, alone)] == [job_tells, job_tells, room_tells]
    assert ("room_name" in alone) is room_tells


async def test_the_slow_room_makes_the_job_at_once_and_answers_late(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    began = time.monotonic()
    assert (await call("POST", start_path("slow"))).status_code == 202
    assert time.monotonic() - began >= 0.3
    path = f"/v1/{stand_in.credentials.project_id}{start_path('slow')}"
    with pytest.raises(httpx.ReadTimeout):
        await client.post(path, headers={"X-Auth-Token": "a-ready-made-token"}, timeout=0.1)
    assert len(stand_in.jobs) == 2


def test_how_long_jobs_live_is_described_as_it_is() -> None:
    assert "waits 3 s, runs for 2 minutes" in ORDINARY_LIFE
    assert (plan_for("lobby").waiting_seconds, plan_for("lobby").running_seconds) == (3, 120)
    lives = {room: plan for room in MISBEHAVING_ROOMS if (plan := plan_for(room)) != plan_for("lobby")}
    assert lives
    for room, plan in lives.items():
        assert f"waits {plan.waiting_seconds:g} s" in MISBEHAVING_ROOMS[room]
        assert (f"runs for {plan.running_seconds:g} s" in MISBEHAVING_ROOMS[room]) is (
            plan.running_seconds > 0
        )


def test_every_misbehaving_room_is_described() -> None:
    at_the_start = {"busy", "full", "missing", "slow", "broken", "throttled", "lost"}
    at_the_start |= {"bare", "bare-state", "bare-all"}
    later = {"unjoined", "brief", "quiet", "crash"}
    assert set(MISBEHAVING_ROOMS) == at_the_start | later
    assert all(words and "\n" not in words for words in MISBEHAVING_ROOMS.values())
