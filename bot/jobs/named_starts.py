"""Start a room by its name: after the ack, find the room in MetaStudio's list, then start it.

A word that may be an ID is one, unless the list knows it as a name and MetaStudio has no room of that ID. The
row of the start gets the room in one conditional update, which refuses a duplicate as the commit does.
"""

from dataclasses import replace

from bot.domain import steps
from bot.domain.invocation import RoomInvocation
from bot.domain.policy import Policy
from bot.domain.quick_start import place_of
from bot.domain.room_names import By, Match, NamedRoom, find_room, not_found, of_several
from bot.domain.start_words import is_by_name
from bot.errors import (
    DatabaseUnavailable,
    InvalidArguments,
    MetaStudioError,
    NotSent,
    Refused,
    RoomUnknown,
)
from bot.jobs.outcome import Outcomes
from bot.jobs.room_list import YOUNG_SECONDS, RoomList
from bot.jobs.start import Starts, duplicate_reason
from bot.messages.replies import duplicate, not_started
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.reasons import ReasonCode as Code
from bot.reasons import because, reason
from bot.slack.ack_sent import acks_first
from bot.store.invocations import Invocations
from bot.store.quick_starts import QuickStarts

NAME_SECONDS = 20.0
"""How long a start by name waits for the list of rooms."""

ID_SECONDS = 3.0
"""How long a word that may be an ID waits for the list. Then it counts as an ID."""


class NamedStarts:
    """The use case, in front of `Starts`."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        quick_starts: QuickStarts,
        metastudio: MetaStudio,
        room_list: RoomList,
        starts: Starts,
        outcomes: Outcomes,
        policy: Policy,
    ) -> None:
        self._invocations = invocations
        self._quick_starts = quick_starts
        self._metastudio = metastudio
        self._room_list = room_list
        self._starts = starts
        self._outcomes = outcomes
        self._policy = policy

    async def carry_out(self, received: RoomInvocation) -> None:
        """Find the room of a committed start, and send the start; or tell its person what is wrong."""
        await acks_first()
        try:
            room = await (self._by_name(received) if is_by_name(received) else self._by_word(received))
        except InvalidArguments as error:
            await self._outcomes.not_started(received, error)
        except MetaStudioError as error:
            unread = NotSent(because(Code.ROOMS_NOT_LISTED, error.reason), answer=error.answer)
            await self._outcomes.not_started(received, unread)
        else:
            found = await self._take(received, room) if room else received
            if found is not None:
                await self._starts.carry_out(found)

    async def _by_name(self, received: RoomInvocation) -> NamedRoom:
        """Return the room that is called so.

        Raises:
            InvalidArguments: none is, or several are.
            MetaStudioError: the list cannot be read.
        """
        word = received.room_name or ""
        rooms = await self._room_list.look_up(seconds=NAME_SECONDS, max_age=YOUNG_SECONDS)
        match find_room(word, rooms):
            case Match(room):
                return room
            case ():
                known = await self._quick_starts.known_in(*place_of(received))
                raise not_found(word, rooms, known)
            case several:
                raise of_several(word, several)

    async def _by_word(self, received: RoomInvocation) -> NamedRoom | None:
        """Return the room that a word names which may be an ID; None where it is one, for all that is known.

        Raises:
            InvalidArguments: it is none, and several names begin so.
        """
        word = received.request.room_id
        try:
            found = find_room(word, await self._room_list.look_up(seconds=ID_SECONDS))
        except MetaStudioError:
            return None
        match found:
            case Match(room, By.NAME):
                return room
            case () | Match(_, By.ID):
                return None
            case _ if await self._is_id(word):
                return None
            case Match(room):
                return room
            case several:
                raise of_several(word, several)

    async def _is_id(self, word: str) -> bool:
        """Return whether there is a room of this ID, as far as is known: the list may not have all."""
        try:
            await self._metastudio.room(word, seconds=READ_SECONDS)
        except RoomUnknown:
            return False
        except MetaStudioError:
            return True
        return True

    async def _take(self, received: RoomInvocation, room: NamedRoom) -> RoomInvocation | None:
        """Note the room, unless the policy or a duplicate is in the way; None where nothing is to be sent.

        Raises:
            DatabaseUnavailable: it is not noted, or what prevented it has ended.
        """
        request = replace(received.request, room_id=room.room_id)
        resolved = replace(received.asking_for(request), room_name=room.name)
        try:
            self._policy.check(resolved)
        except Refused as error:
            step = steps.RefusedInRoom(reason=error.reason, room_id=room.room_id, room_name=room.name)
            await self._outcomes.conclude(received, step, not_started(resolved, error))
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
        refused = steps.RefusedInRoom(
            reason=duplicate_reason(existing), room_id=room.room_id, room_name=room.name
        )
        await self._outcomes.conclude(received, refused, duplicate(existing, resolved))
        return None


def _without_delivery(row: RoomInvocation) -> RoomInvocation:
    """Return the row as one that only its duplicates are like, not its own delivery."""
    return replace(row, origin=replace(row.origin, trigger_id=None))
