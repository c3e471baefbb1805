"""What listeners about a start share: find the start that a button names, and commit another one."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.domain.arguments import ButtonValue, parse_again
from bot.domain.invocation import Action, Invocation, RoomInvocation, StartRequest, Status, has_room
from bot.domain.start_words import Meant, is_by_name
from bot.errors import InvalidArguments
from bot.jobs.start import AlreadyRunning, Duplicate, Used, why_not
from bot.listeners.use import SAME_DELIVERY, Accepted, Use, Wish
from bot.messages.message import Message
from bot.messages.quick_starts import looking_for, starting_as
from bot.messages.replies import starting
from bot.messages.there_already import duplicate, used
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

    `is_repeatable`: if that row was named before, the start is made without naming it. `is_another`: the
    person knows of an equal start and wants another one; `knows_running`: they know of a job that runs in the
    room.
    `is_private`: the pressed button is in a message for this person alone, and the answer replaces it.
    `meant` is what the first word was understood as, if that is known before the ack.
    """

    asked: RoomInvocation
    previous_id: str | None = None
    is_repeatable: bool = False
    is_another: bool = False
    knows_running: bool = False
    is_private: bool = False
    meant: Meant | None = None


def parse_start_id(use: Use) -> str:
    """Return the ID of the start in a button's value."""
    return use.invocation.text.partition(" ")[0]


def parse_button_value(use: Use) -> ButtonValue:
    """Return the invocation in a button's value, and what else stands there."""
    return ButtonValue.parse(use.invocation.text)


async def find_named_start(use: Use, invocation_id: str) -> AboutStart:
    """Find the start that a button names, and what it asked for."""
    named = await get_start(use, invocation_id)
    return await about(use, named)


async def get_start(use: Use, invocation_id: str) -> RoomInvocation:
    """Return the row of a start.

    Raises:
        InvalidArguments: there is none with this ID, or it names no room.
    """
    start = await get_any_start(use, invocation_id)
    if not has_room(start):
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_ROOM))
    return start


async def get_any_start(use: Use, invocation_id: str) -> Invocation:
    """Return the row of a start, even of one that was mistyped and names no room.

    Raises:
        InvalidArguments: there is none with this ID.
    """
    start = await use.services.acceptance.ask(use.services.invocations.get(invocation_id))
    if start is None or start.action is not Action.START:
        raise InvalidArguments(reason(Code.START_NOT_IN_LOG))
    return start


async def about(use: Use, named: RoomInvocation) -> AboutStart:
    """Return a wish about a start, as if the click was made in its channel."""
    asked = as_if_there(use, named, named.request)
    return AboutStart(asked=asked, named=named, quick_start=await quick_start_of(use, named))


async def quick_start_of(use: Use, start: Invocation) -> str | None:
    """Return the name of the quick start by which a start was asked for, if it was asked for by one."""
    return await use.services.acceptance.ask(use.services.named_by.find(start))


def as_if_in_its_channel(use: Use, named: Invocation) -> Invocation:
    """Return the click as if made in the channel of the start: an answer may be a direct message.

    Only the person who made the start is moved there; others may be no members of that channel. The team is
    always the start's, for starts are compared by it and a click may come without one.
    """
    there = named.origin
    origin = replace(use.invocation.origin, team_id=there.team_id)
    if origin.user_id == there.user_id or origin.channel_id is None:
        origin = replace(origin, channel_id=there.channel_id, channel_kind=there.channel_kind)
    return replace(use.invocation, origin=origin)


def as_if_there(use: Use, named: Invocation, request: StartRequest) -> RoomInvocation:
    """Return the click with this request, as if made in the channel of the start."""
    return as_if_in_its_channel(use, named).asking_for(request)


def once_more(use: Use, named: RoomInvocation) -> RoomInvocation:
    """Return the row that asks for the same start again, as if it were asked for today."""
    if is_by_name(named):
        return replace(as_if_there(use, named, named.request), room_name=named.room_name)
    return as_if_there(use, named, parse_again(named, use.services.regions))


async def commit_start(use: Use, wish: StartWish) -> Accepted:
    """Commit a start; or refuse it as a duplicate, or because its button was used before."""
    asked, services = wish.asked, use.services
    match await services.starts.commit(
        asked,
        previous_id=wish.previous_id,
        is_another=wish.is_another,
        knows_running=wish.knows_running,
    ):
        case Invocation() as received:
            return replace(_ack(wish, received), work=partial(services.worker.work_on, received))
        case Duplicate(existing) | AlreadyRunning(existing) as found:
            words = duplicate(
                existing,
                asked,
                workspace_url=services.incoming.home.url,
                may_stop=services.policy.may_stop_job_of(asked, existing),
            )
            # The message of an unknown start stays: the question is about another job.
            instead = wish.is_private and not (wish.is_another and isinstance(found, AlreadyRunning))
            return await refuse(use, asked, why_not(found), words, instead=instead)
        case Used() if wish.is_repeatable:
            return await commit_start(use, replace(wish, previous_id=None))
        case Used(existing):
            why = reason(Code.BUTTON_USED, user_id=existing.origin.user_id, invocation_id=existing.id)
            # Of a double click, the first has just replaced the message with "starting".
            instead = wish.is_private and asked.created_at - existing.created_at >= DOUBLE_CLICK
            words = used(existing, use.invocation, workspace_url=services.incoming.home.url)
            return await refuse(use, asked, why, words, instead=instead)
        case None:
            return SAME_DELIVERY


def _ack(wish: StartWish, received: RoomInvocation) -> Accepted:
    """Return what is said of a start: nothing before its result, unless it replaces the button's message."""
    if is_by_name(received):
        words = looking_for(received.room_name or "")
    elif wish.meant:
        words = starting_as(received, wish.meant)
    else:
        words = starting(received)
    return Accepted(words=words, instead=True) if wish.is_private else Accepted(late=words)


async def refuse(
    use: Use, asked: Invocation, why: Reason, words: Message, *, instead: bool = True
) -> Accepted:
    """Log that a start was refused, and tell the person once."""
    if await use.services.incoming.close(asked, Status.REFUSED, why):
        return Accepted(words=words, instead=instead)
    return SAME_DELIVERY
