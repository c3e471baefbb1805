"""What listeners about a start share: find the start that a button names, and commit another one."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.domain.arguments import parse_again
from bot.domain.invocation import Action, Invocation, RoomInvocation, StartRequest, Status, has_room
from bot.domain.start_words import Meant, is_by_name, quick_start_of
from bot.errors import InvalidArguments
from bot.jobs.start import Duplicate, Used, duplicate_reason
from bot.listeners.use import SAME_DELIVERY, Accepted, Use, Wish
from bot.messages.message import Message
from bot.messages.quick_starts import looking_for, starting_as
from bot.messages.replies import duplicate, starting, used
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code

DOUBLE_CLICK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutStart(Wish):
    """A wish about a start: `named` is its row."""

    asked: RoomInvocation
    named: RoomInvocation


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWish(Wish):
    """A wish for a start. `previous_id` names the row of the button that was pressed, if one was.

    `is_another`: the person knows of an equal start and wants another one. `meant` is what the first word was
    understood as, if that is known before the ack.
    """

    asked: RoomInvocation
    previous_id: str | None = None
    is_another: bool = False
    meant: Meant | None = None


def parse_start_id(use: Use) -> str:
    """Return the ID of the start in a button's value."""
    return use.invocation.text.partition(" ")[0]


async def find_named_start(use: Use, invocation_id: str) -> AboutStart:
    """Find the start that a button names, and what it asked for."""
    named = await get_start(use, invocation_id)
    return about(use, named, named.request)


async def get_start(use: Use, invocation_id: str) -> RoomInvocation:
    """Return the row of a start.

    Raises:
        InvalidArguments: there is none with this ID, or it names no room.
    """
    start = await use.services.acceptance.ask(use.services.invocations.get(invocation_id))
    if start is None or start.action is not Action.START:
        raise InvalidArguments(reason(Code.START_NOT_IN_LOG))
    if not has_room(start):
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_ROOM))
    return start


def about(use: Use, named: RoomInvocation, request: StartRequest) -> AboutStart:
    """Return the click as if made in the channel of the start: an answer may be a direct message.

    Only the person who made the start is moved there; others may be no members of that channel. The team is
    always the start's, for starts are compared by it and a click may come without one.
    """
    there = named.origin
    origin = replace(use.invocation.origin, team_id=there.team_id)
    if origin.user_id == there.user_id or origin.channel_id is None:
        origin = replace(origin, channel_id=there.channel_id, channel_kind=there.channel_kind)
    asked = replace(use.invocation.asking_for(request), origin=origin)
    return AboutStart(asked=asked, named=named, quick_start=quick_start_of(named))


def once_more(use: Use, named: RoomInvocation) -> RoomInvocation:
    """Return the row that asks for the same start again, as if it were asked for today."""
    if is_by_name(named):
        return replace(about(use, named, named.request).asked, room_name=named.room_name)
    return about(use, named, parse_again(named, use.services.regions)).asked


async def commit_start(use: Use, wish: StartWish) -> Accepted:
    """Commit a start; or refuse it as a duplicate, or because its button was used before."""
    asked, services = wish.asked, use.services
    match await services.starts.commit(asked, previous_id=wish.previous_id, is_another=wish.is_another):
        case Invocation() as received:
            words = _ack(wish, received)
            return Accepted(words=words, instead=True, work=partial(services.worker.work_on, received))
        case Duplicate(existing):
            return await refuse(use, asked, duplicate_reason(existing), duplicate(existing, asked))
        case Used(existing):
            why = reason(Code.BUTTON_USED, user_id=existing.origin.user_id, invocation_id=existing.id)
            # Of a double click, the first has just replaced the message with "starting".
            instead = asked.created_at - existing.created_at >= DOUBLE_CLICK
            return await refuse(use, asked, why, used(existing, use.invocation), instead=instead)
        case None:
            return SAME_DELIVERY


def _ack(wish: StartWish, received: RoomInvocation) -> Message:
    """Return what is said at once of a start; what its first word was understood as, if that is not plain."""
    if is_by_name(received):
        return looking_for(received.room_name or "")
    return starting_as(received, wish.meant) if wish.meant else starting(received)


async def refuse(
    use: Use, asked: Invocation, why: Reason, words: Message, *, instead: bool = True
) -> Accepted:
    """Log that a start was refused, and tell the person once."""
    if await use.services.incoming.close(asked, Status.REFUSED, why):
        return Accepted(words=words, instead=instead)
    return SAME_DELIVERY
