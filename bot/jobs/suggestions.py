"""Suggest what a person may have meant by a room that MetaStudio does not know."""

from contextlib import suppress

from bot.domain.arguments import JobRef
from bot.domain.invocation import RoomInvocation
from bot.domain.quick_start import place_of
from bot.domain.room_names import closest
from bot.errors import DatabaseUnavailable, RoomUnknown
from bot.jobs.gate import Gate
from bot.jobs.room_list import RoomList
from bot.reasons import Argument
from bot.store.invocations import Invocations
from bot.store.quick_starts import QuickStarts


class Suggestions:
    """Adds suggestions to the error. It asks only the database, because the start is over."""

    def __init__(
        self, quick_starts: QuickStarts, room_list: RoomList, invocations: Invocations, policy: Gate
    ) -> None:
        self._quick_starts = quick_starts
        self._room_list = room_list
        self._invocations = invocations
        self._policy = policy

    async def complete(self, start: RoomInvocation, error: RoomUnknown) -> RoomUnknown:
        """Return the error with the quick start of the missing room, a job of this ID, or a similar room."""
        with suppress(DatabaseUnavailable):
            error.reason = error.reason.with_args(**await self._suggested(start))
        return error

    async def _suggested(self, start: RoomInvocation) -> dict[str, Argument]:
        room_id = start.request.room_id
        known = await self._quick_starts.known_in(*place_of(start))
        gone = next((each for each in known if each.room_id == room_id), None)
        if gone is not None:
            return {"quick_start": gone.name, "everywhere": gone.is_everywhere}
        made = await self._invocations.find_start(room_id)
        if made is not None and made.is_visible_to(start):
            job = JobRef.in_row(made)
            is_over = made.job.state is not None and made.job.state.is_over
            may_stop = not is_over and self._policy.may_stop(start, job, made)
            return {"job_of": made.id, "job_id": job.job_id, "job_room": job.room_id, "may_stop": may_stop}
        close = closest(room_id, self._room_list.known() or (), known)
        return {"word": room_id, "close": close} if close else {}
