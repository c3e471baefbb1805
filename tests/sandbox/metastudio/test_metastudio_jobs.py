"""Jobs live and end by the clock, or are stopped; rooms and jobs can be listed."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from typing_extensions import override

from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.metastudio.job import Job
from bot.sandbox.metastudio.jobs import Jobs
from bot.sandbox.metastudio.parameters import StartRequest

Call = Callable[..., Awaitable[httpx.Response]]
PassTime = Callable[[float], None]
JOBS = "/digital-human-chat/smart-chat-rooms/lobby/smart-chat-jobs"


async def start(call: Call) -> str:
    answer = await call("POST", "/smart-chat-rooms/lobby/smart-chat-jobs", b'{"client_id":"kiosk-7"}')
    job_id = answer.json()["job_id"]
    assert isinstance(job_id, str)
    return job_id


async def state_of(call: Call, job_id: str) -> dict[str, Any]:
    answer = await call("GET", f"{JOBS}/{job_id}/state")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def stop(call: Call, job_id: str) -> httpx.Response:
    return await call("POST", f"{JOBS}/{job_id}/stop")


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


async def test_a_job_waits_then_runs_then_ends_for_silence(call: Call, pass_time: PassTime) -> None:
    job_id = await start(call)
    waiting = await state_of(call, job_id)
    assert (waiting["state"], waiting["duration"], waiting["chat_state"]) == ("WAITING", 0.0, 0)
    assert waiting["create_time"] == waiting["lastupdate_time"] == "2026-01-01T12:00:00Z"
    assert not {"start_time", "end_time", "job_finish_reason", "error_info"} & waiting.keys()

    pass_time(2.9)
    assert (await state_of(call, job_id))["state"] == "WAITING"

    pass_time(60.1)
    running = await state_of(call, job_id)
    assert (running["state"], running["duration"], running["chat_state"]) == ("PROCESSING", 60.0, 2)
    assert running["start_time"] == running["lastupdate_time"] == "2026-01-01T12:00:03Z"
    assert "end_time" not in running

    pass_time(3600)
    ended = await state_of(call, job_id)
    assert (ended["state"], ended["duration"], ended["chat_state"]) == ("SUCCEED", 120.0, 1)
    assert ended["end_time"] == ended["lastupdate_time"] == "2026-01-01T12:02:03Z"
    assert ended["job_finish_reason"] == "MUTE_TIMEOUT"


async def test_the_state_tells_how_to_reach_the_avatar_and_the_list_does_not(
    call: Call, stand_in: MetaStudioStandIn
) -> None:
    state = await state_of(call, await start(call))
    assert {user["signature"] for user in state["rtc_room_info"]["users"]} == stand_in.issued_signatures
    (listed,) = (await call("GET", JOBS)).json()["smart_chat_jobs"]
    assert not {"rtc_room_info", "chat_state"} & listed.keys()
    assert listed == {name: state[name] for name in listed}
    assert listed["client_id"] == "kiosk-7"
    assert listed["voice_config_list"]


async def test_a_stopped_job_is_over_at_once(
    call: Call, pass_time: PassTime, stand_in: MetaStudioStandIn
) -> None:
    job_id = await start(call)
    pass_time(13)
    answer = await stop(call, job_id)
    assert (answer.status_code, answer.content) == (200, b"")
    pass_time(500)
    ended = await state_of(call, job_id)
    assert (ended["state"], ended["duration"], ended["job_finish_reason"]) == ("SUCCEED", 10.0, "NORMAL")
    assert ended["end_time"] == "2026-01-01T12:00:13Z"
    assert [(job.state, job.finish_reason) for job in stand_in.jobs] == [("SUCCEED", "NORMAL")]


async def test_a_job_stopped_while_it_waits_never_ran(call: Call, pass_time: PassTime) -> None:
    job_id = await start(call)
    await stop(call, job_id)
    pass_time(10)
    ended = await state_of(call, job_id)
    assert (ended["state"], ended["duration"]) == ("SUCCEED", 0.0)
    assert "start_time" not in ended


@pytest.mark.parametrize("by_itself", [True, False])
async def test_a_finished_job_cannot_be_stopped(call: Call, pass_time: PassTime, *, by_itself: bool) -> None:
    job_id = await start(call)
    if by_itself:
        pass_time(123)
    else:
        await stop(call, job_id)
    assert outcome(await stop(call, job_id)) == (400, "MSS.20010066")


async def test_a_job_that_does_not_exist_in_the_room_is_unknown(call: Call) -> None:
    job_id = await start(call)
    elsewhere = f"{JOBS}/{job_id}".replace("lobby", "elsewhere")
    assert outcome(await call("POST", f"{elsewhere}/stop")) == (400, "MSS.20010074")
    assert outcome(await call("GET", f"{JOBS}/no-such-job/state")) == (400, "MSS.20010074")


async def test_a_rooms_jobs_are_listed_by_state_the_newest_first(call: Call, pass_time: PassTime) -> None:
    oldest = await start(call)
    pass_time(100)
    middle = await start(call)
    pass_time(50)
    newest = await start(call)

    async def listed(query: str) -> tuple[int, list[str]]:
        body = (await call("GET", f"{JOBS}?{query}")).json()
        return body["count"], [job["job_id"] for job in body["smart_chat_jobs"]]

    assert await listed("") == (3, [newest, middle, oldest])
    assert await listed("state=WAITING%2CPROCESSING") == (2, [newest, middle])
    assert await listed("state=SUCCEED") == (1, [oldest])
    assert await listed("state=FAILED") == (0, [])
    assert await listed("offset=1&limit=1") == (3, [middle])
    assert await listed("offset=3") == (3, [])


async def test_a_list_has_ten_items_unless_asked_for_up_to_a_hundred(call: Call) -> None:
    for _ in range(12):
        await start(call)
    assert len((await call("GET", JOBS)).json()["smart_chat_jobs"]) == 10
    assert len((await call("GET", f"{JOBS}?limit=100")).json()["smart_chat_jobs"]) == 12


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=ten", "limit=", "offset=-1", "offset=%C2%B2", "state=RUNNING"]
)
async def test_a_list_parameter_out_of_range_is_refused(call: Call, query: str) -> None:
    assert outcome(await call("GET", f"{JOBS}?{query}")) == (400, "MSS.00000003")


_RUNS_FOR_SECONDS = {2.9: "WAITING", 3.0: "PROCESSING", 7.9: "PROCESSING"}


@pytest.mark.parametrize(
    ("room_id", "life", "end", "duration"),
    [
        ("unjoined", {4.9: "WAITING"}, ("FAILED", None, "MSS.45000023"), 0),
        ("brief", _RUNS_FOR_SECONDS, ("SUCCEED", "NORMAL", None), 5),
        ("quiet", _RUNS_FOR_SECONDS, ("SUCCEED", "MUTE_TIMEOUT", None), 5),
        ("crash", _RUNS_FOR_SECONDS, ("FAILED", None, "MSS.00000004"), 5),
    ],
)
async def test_jobs_of_some_rooms_end_within_seconds(  # noqa: PLR0917 - a row of the table above
    call: Call,
    pass_time: PassTime,
    stand_in: MetaStudioStandIn,
    room_id: str,
    life: dict[float, str],
    end: tuple[str, str | None, str | None],
    duration: float,
) -> None:
    jobs, age = JOBS.replace("lobby", room_id), 0.0
    job_id = (await call("POST", f"/smart-chat-rooms/{room_id}/smart-chat-jobs")).json()["job_id"]
    for seconds, state in life.items():
        pass_time(seconds - age)
        age = seconds
        alive = (await call("GET", f"{jobs}/{job_id}/state")).json()
        assert alive["state"] == state
        assert not {"end_time", "job_finish_reason", "error_info"} & alive.keys()
    pass_time(0.1)
    ended = (await call("GET", f"{jobs}/{job_id}/state")).json()
    error = ended.get("error_info", {})
    assert (ended["state"], ended.get("job_finish_reason"), error.get("error_code")) == end
    assert bool(error.get("error_msg")) == bool(error)
    assert (ended["duration"], "start_time" in ended) == (duration, duration > 0)
    [job] = stand_in.jobs
    assert (job.state, job.finish_reason, job.error_code) == end
    assert (await call("GET", f"{jobs}?state={end[0]}")).json()["count"] == 1
    assert outcome(await call("POST", f"{jobs}/{job_id}/stop")) == (400, "MSS.20010066")


async def test_a_job_of_such_a_room_that_is_stopped_ends_normally(call: Call, pass_time: PassTime) -> None:
    jobs = JOBS.replace("lobby", "crash")
    job_id = (await call("POST", "/smart-chat-rooms/crash/smart-chat-jobs")).json()["job_id"]
    pass_time(4)
    await call("POST", f"{jobs}/{job_id}/stop")
    pass_time(60)
    ended = (await call("GET", f"{jobs}/{job_id}/state")).json()
    assert (ended["state"], ended["job_finish_reason"]) == ("SUCCEED", "NORMAL")
    assert "error_info" not in ended


async def test_ten_thousand_jobs_elsewhere_make_no_difference_to_a_room(pass_time: PassTime) -> None:
    now = 0.0
    looked_at: list[str] = []

    class Watched(dict[str, Job]):
        @override
        def __getitem__(self, job_id: str) -> Job:
            looked_at.append(job_id)
            return super().__getitem__(job_id)

    jobs = Jobs(lambda: now, pace=1.0)
    jobs._jobs = Watched()
    for number in range(10_000):
        jobs.start(f"room-{number % 500}", StartRequest(), None)
    [*_, newest] = jobs
    assert newest.room_id == "room-499"
    assert jobs.of_room("room-499", now)[0] is newest
    assert len(looked_at) == 20
    now = 200.0
    fresh = jobs.start("room-499", StartRequest(), None)
    assert jobs.of_room("room-499", now, {"WAITING", "PROCESSING"}) == [fresh]
    looked_at.clear()
    assert jobs.of_room("room-499", now, {"WAITING", "PROCESSING"}) == [fresh]
    assert set(looked_at) == {fresh.job_id}
    assert len(jobs.of_room("room-499", now, {"SUCCEED"})) == 20
    assert jobs.of_room("room-499", now, {"FAILED"}) == []
    assert jobs.of_room("elsewhere", now) == []
    assert [job.job_id for job in jobs.snapshots(latest=1)] == [fresh.job_id]
    assert sum(jobs.made_by_room().values()) == 10_001


async def test_rooms_with_names_are_listed_and_searched(call: Call) -> None:
    body = (await call("GET", "/smart-chat-rooms")).json()
    assert body["count"] == len(body["smart_chat_rooms"]) > 3
    found = (await call("GET", "/smart-chat-rooms?room_name=RECEP")).json()
    (room,) = found["smart_chat_rooms"]
    assert found["count"] == 1
    assert room.keys() == {
        "room_id",
        "room_name",
        "concurrency",
        "default_language",
        "robot_id",
        "exit_mute_threshold",
    }
    alone = (await call("GET", f"/smart-chat-rooms/{room['room_id']}")).json()
    assert room.items() <= alone.items()
    assert alone["voice_config"] == alone["voice_config_list"][0]
    assert alone["video_config"].keys() == {"width", "height"}
    assert "is_transparent" not in alone
    assert len((await call("GET", "/smart-chat-rooms?limit=1&offset=1")).json()["smart_chat_rooms"]) == 1


async def test_any_room_exists_but_the_missing_one(call: Call) -> None:
    room = (await call("GET", "/smart-chat-rooms/6f0c7a52-0d5e-4a7b-9a59-8d0f4f3c2b11")).json()
    assert room["room_id"] == "6f0c7a52-0d5e-4a7b-9a59-8d0f4f3c2b11"
    assert room["room_name"]
    for path in ("/smart-chat-rooms/missing", "/digital-human-chat/smart-chat-rooms/missing/smart-chat-jobs"):
        assert outcome(await call("GET", path)) == (400, "MSS.20010045")


class TestPace:
    @pytest.fixture
    def pace(self) -> float:
        return 0.1

    async def test_multiplies_the_lengths_of_a_jobs_life(
        self, call: Call, pass_time: PassTime, stand_in: MetaStudioStandIn
    ) -> None:
        def state_after(seconds: float) -> str:
            pass_time(seconds)
            return stand_in.jobs[0].state

        await start(call)
        assert [state_after(seconds) for seconds in (0.2, 0.2, 11.8, 0.2)] == [
            "WAITING",
            "PROCESSING",
            "PROCESSING",
            "SUCCEED",
        ]
