"""Start a room by its name: after the ack, find the room in MetaStudio's list, then start it.

A word that may be an ID is sent as one. If MetaStudio knows no such room, nothing was started, and the room
with that name is looked for. The row of the start gets its room in one conditional update, which refuses a
duplicate as the commit does.
"""

from dataclasses import replace

from bot.domain import steps
from bot.domain.invocation import RoomInvocation
from bot.domain.quick_start import place_of
from bot.domain.room_names import Match, NamedRoom, find_room, not_found, of_several
from bot.domain.start_words import is_by_name
from bot.errors import (
    DatabaseUnavailable,
    InvalidArguments,
    MetaStudioError,
    NotSent,
    Refused,
)
from bot.jobs.gate import Gate
from bot.jobs.outcome import Outcomes
from bot.jobs.room_list import YOUNG_SECONDS, RoomList
from bot.jobs.start import AlreadyRunning, Duplicate, Starts, UnknownRoom, why_not
from bot.messages.message import Message
from bot.messages.replies import not_started
from bot.messages.there_already import duplicate
from bot.messages.unknown import Look
from bot.posts.rendering import look_facts
from bot.reasons import Reason, because, reason
from bot.reasons import ReasonCode as Code
from bot.slack.ack_sent import acks_first
from bot.store.invocations import Invocations
from bot.store.quick_starts import QuickStarts

NAME_SECONDS = 20.0
"""How long a start by name waits for the list of rooms."""


class NamedStarts:
    """The use case, in front of `Starts`."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        quick_starts: QuickStarts,
        room_list: RoomList,
        starts: Starts,
        outcomes: Outcomes,
        policy: Gate,
        workspace_url: str | None,
    ) -> None:
        self._invocations = invocations
        self._quick_starts = quick_starts
        self._room_list = room_list
        self._starts = starts
        self._outcomes = outcomes
        self._policy = policy
        self._workspace_url = workspace_url

    async def carry_out(self, received: RoomInvocation) -> None:
        """Find the room of a committed start, and send the start; or tell its person what is wrong."""
        await acks_first()
        if is_by_name(received):
            try:
                room = await self._called(received.room_name or "", received)
            except MetaStudioError as error:
                unread = NotSent(because(Code.ROOMS_NOT_LISTED, error.reason), answer=error.answer)
                await self._outcomes.not_started(received, unread)
            except InvalidArguments as error:
                await self._outcomes.not_started(received, error)
            else:
                await self._start_in(received, room)
        elif unknown := await self._starts.send(received):
            await self._start_by_word(unknown)

    async def _start_by_word(self, unknown: UnknownRoom) -> None:
        """Start the room with the word as its name, because there is none with this ID."""
        start = unknown.start
        try:
            found = find_room(start.request.room_id, await self._room_list.look_up(seconds=NAME_SECONDS))
        except MetaStudioError:
            found = ()
        match found:
            case Match(room) if room.room_id != start.request.room_id:
                await self._start_in(start, room)
            case (NamedRoom(), *_) as several:
                await self._outcomes.not_started(start, of_several(start.request.room_id, several))
            case _:
                await self._starts.tell_unknown_room(unknown)

    async def _called(self, name: str, received: RoomInvocation) -> NamedRoom:
        """Return the room with this name.

        Raises:
            InvalidArguments: no room has it, or several may be meant.
            MetaStudioError: the list cannot be read.
        """
        rooms = await self._room_list.look_up(seconds=NAME_SECONDS, max_age=YOUNG_SECONDS)
        match find_room(name, rooms):
            case Match(room):
                return room
            case ():
                raise not_found(name, rooms, await self._quick_starts.known_in(*place_of(received)))
            case several:
                raise of_several(name, several)

    async def _start_in(self, start: RoomInvocation, room: NamedRoom) -> None:
        if found := await self._take(start, room):
            await self._starts.carry_out(found)

    async def _take(self, received: RoomInvocation, room: NamedRoom) -> RoomInvocation | None:
        """Note the room; None where the policy, a job that runs, or a duplicate is in the way.

        Raises:
            DatabaseUnavailable: it is not noted, or what prevented it has ended.
        """
        request = replace(received.request, room_id=room.room_id)
        resolved = replace(received.asking_for(request), room_name=room.name)
        try:
            self._policy.check(resolved)
        except Refused as error:
            await self._refuse(received, room, error.reason, not_started(resolved, error))
            return None
        if running := await self._starts.running(resolved):
            await self._ask_about(received, resolved, room, AlreadyRunning(running))
            return None
        step_on = steps.RoomFound(
            room_id=room.room_id, room_name=room.name, lease_until=self._starts.lease_until()
        )
        taken = await self._invocations.find_room(received, step_on)
        if taken is not None:
            return taken
        existing = await self._invocations.find_duplicate(_without_delivery(resolved))
        if existing is None:
            raise DatabaseUnavailable(reason(Code.DATABASE_CHANGED))
        await self._ask_about(received, resolved, room, Duplicate(existing))
        return None

    async def _ask_about(
        self,
        received: RoomInvocation,
        resolved: RoomInvocation,
        room: NamedRoom,
        found: AlreadyRunning | Duplicate,
    ) -> None:
        start = found.existing
        may_stop = self._policy.may_stop_job_of(resolved, start)
        words = duplicate(start, resolved, workspace_url=self._workspace_url, may_stop=may_stop)
        facts = look_facts(Look(), about=start.id, may_stop=may_stop)
        await self._refuse(received, room, why_not(found), words, post_facts=facts)

    async def _refuse(
        self,
        received: RoomInvocation,
        room: NamedRoom,
        why: Reason,
        words: Message,
        *,
        post_facts: str | None = None,
    ) -> None:
        step = steps.RefusedInRoom(reason=why, room_id=room.room_id, room_name=room.name)
        await self._outcomes.conclude(received, step, words, post_facts=post_facts)


def _without_delivery(row: RoomInvocation) -> RoomInvocation:
    """Return the row without its delivery, so that it is compared only with its duplicates."""
    return replace(row, origin=replace(row.origin, trigger_id=None))
