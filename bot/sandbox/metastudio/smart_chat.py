"""MetaStudio's smart-chat operations and their answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.metastudio.gate import Gate
from bot.sandbox.metastudio.jobs import Jobs
from bot.sandbox.metastudio.operations import CHATS, ROOM, ROOMS, STARTS, STATE, STOP
from bot.sandbox.metastudio.parameters import read_page, read_start_request
from bot.sandbox.metastudio.payloads import (
    Payload,
    job_payload,
    listed_room_payload,
    room_payload,
    start_payload,
    state_payload,
)
from bot.sandbox.metastudio.plans import JobState
from bot.sandbox.metastudio.refusals import (
    CONCURRENCY_USED_UP,
    INTERNAL_ERROR,
    INVALID_PARAMETER,
    ROOM_NOT_FOUND,
    THROTTLED,
    DroppedError,
    RefusedError,
)
from bot.sandbox.metastudio.rooms import FULL, find_room, search_rooms
from bot.sandbox.metastudio.trouble import Trouble

Handler = Callable[[web.Request], Awaitable[web.Response]]

_KNOWN_STATES = {*JobState, "DELETING"}
_REFUSED_IN_A_ROW = 2
"""The number of starts that the room `throttled` refuses before it accepts one."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds that an accepted start takes to answer: in all rooms, and in addition in the room `slow`."""

    answer: float
    slow: float


class SmartChat:
    """Handlers of the smart-chat operations, for every caller that the gate admits."""

    def __init__(
        self, jobs: Jobs, gate: Gate, pauses: Pauses, clock: Callable[[], float], trouble: Trouble
    ) -> None:
        self._jobs = jobs
        self._trouble = trouble
        self._gate = gate
        self._pauses = pauses
        self._clock = clock
        self._throttled_starts = 0

    def routes(self) -> list[web.RouteDef]:
        """Return the operations with their paths."""
        return [
            web.post(STARTS, self._gated(self._start)),
            web.post(CHATS, self._gated(self._start_sibling)),
            web.post(STOP, self._gated(self._stop)),
            web.get(STATE, self._gated(self._state), allow_head=False),
            web.get(CHATS, self._gated(self._list_jobs), allow_head=False),
            web.get(ROOMS, self._gated(self._list_rooms), allow_head=False),
            web.get(ROOM, self._gated(self._room), allow_head=False),
        ]

    def _gated(self, handler: Handler) -> Handler:
        async def admit_and_answer(request: web.Request) -> web.Response:
            await self._gate.admit(request)
            return await handler(request)

        return admit_and_answer

    async def _start(self, request: web.Request) -> web.Response:
        return web.json_response(await self._start_job(request), status=202)

    async def _start_sibling(self, request: web.Request) -> web.Response:
        """Start under `digital-human-chat`; its `robot_id` makes no difference here."""
        return web.json_response(await self._start_job(request), status=200)

    async def _start_job(self, request: web.Request) -> Payload:
        """Create the job at once, answer later. As in the cloud, a caller that hangs up leaves a job."""
        try:
            return await self._decide(request)
        finally:
            await asyncio.sleep(self._pauses.answer)

    async def _decide(self, request: web.Request) -> Payload:
        room = find_room(request.match_info["room_id"])
        app_user_id = request.headers.get("X-App-UserId")
        if app_user_id is not None and not app_user_id.isascii():
            raise RefusedError(INVALID_PARAMETER, "X-App-UserId is not ASCII")
        start_request = read_start_request(await request.read())
        if room.room_id in self._jobs:
            raise RefusedError(ROOM_NOT_FOUND)  # a job's ID is no room's
        self._refuse_for(room.room_id)
        job = self._jobs.start(room.room_id, start_request, app_user_id)
        if room.room_id == "slow":
            await asyncio.sleep(self._pauses.slow)
        if room.room_id == "lost":
            raise DroppedError
        return start_payload(job, room)

    def _refuse_for(self, room_id: str) -> None:
        """Raise the refusal of a misbehaving room."""
        if room_id == "busy":
            raise RefusedError(CONCURRENCY_USED_UP)
        if room_id == FULL:
            self._refuse_if_full()
        if room_id == "broken":
            raise RefusedError(INTERNAL_ERROR)
        if room_id == "throttled":
            self._throttle()

    def _refuse_if_full(self) -> None:
        """Refuse a start while the room has a job. The first start finds one that nobody started in Slack."""
        if FULL not in self._jobs.made_by_room():
            self._jobs.start(FULL, read_start_request(b"{}"), app_user_id=None)
        if self._jobs.of_room(FULL, self._clock(), {JobState.WAITING, JobState.PROCESSING}):
            raise RefusedError(CONCURRENCY_USED_UP)

    def _throttle(self) -> None:
        """Refuse two starts in a row, accept the third, and begin again."""
        self._throttled_starts = (self._throttled_starts + 1) % (_REFUSED_IN_A_ROW + 1)
        if self._throttled_starts:
            raise RefusedError(THROTTLED)

    async def _stop(self, request: web.Request) -> web.Response:
        self._jobs.stop(request.match_info["room_id"], request.match_info["job_id"])
        return web.Response()

    async def _state(self, request: web.Request) -> web.Response:
        job = self._jobs.find(request.match_info["room_id"], request.match_info["job_id"])
        return web.json_response(state_payload(job, find_room(job.room_id), self._clock(), **self._times()))

    async def _list_jobs(self, request: web.Request) -> web.Response:
        room, page, now = find_room(request.match_info["room_id"]), read_page(request.query), self._clock()
        jobs = self._jobs.of_room(room.room_id, now, _wanted_states(request.query.get("state", "")))
        listed = [job_payload(job, room, now, **self._times()) for job in page.cut(jobs)]
        return web.json_response({"count": len(jobs), "smart_chat_jobs": listed})

    def _times(self) -> dict[str, Any]:
        """Return what is wrong with the times of jobs."""
        return {"clock_ahead": self._trouble.clock_ahead, "is_undated": self._trouble.jobs_are_undated}

    async def _list_rooms(self, request: web.Request) -> web.Response:
        page, rooms = read_page(request.query), search_rooms(request.query.get("room_name", ""))
        listed = [listed_room_payload(room) for room in page.cut(rooms)]
        return web.json_response({"count": len(rooms), "smart_chat_rooms": listed})

    async def _room(self, request: web.Request) -> web.Response:
        return web.json_response(room_payload(find_room(request.match_info["room_id"])))


def _wanted_states(wanted: str) -> set[str] | None:
    """Return the requested states, given with commas between them; None if none is given."""
    if not wanted:
        return None
    states = set(wanted.split(","))
    if not states <= _KNOWN_STATES:
        raise RefusedError(INVALID_PARAMETER, "state is not a list of states joined by commas")
    return states
