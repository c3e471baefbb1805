"""What listeners about the form for a start share: open it, and find out what a person may choose in it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action, Invocation, RoomInvocation, StartRequest, Status
from bot.domain.policy_question import Act
from bot.domain.quick_start import QuickStart, chosen
from bot.domain.room_names import NamedRoom
from bot.domain.start_form import MayStart, Offer, Prefilled
from bot.domain.start_words import is_by_name
from bot.errors import DatabaseUnavailable, MetaStudioError, Refused
from bot.listeners.use import SAME_DELIVERY, Accepted, Use, Wish
from bot.messages.start_form import start_form
from bot.reasons import ReasonCode as Code

PREFILL_SECONDS = 0.5
"""How long the last start may take to be read: Slack opens a modal only within 3 s."""

ROOMS_SECONDS = 20.0
"""How long the list of rooms may take to be read once the form is open."""

FIRST_ROOMS_SECONDS = 1.0
"""How long a search waits for the list of rooms if it was never read."""

_OF_THE_REGION = frozenset({Code.REGION_REQUIRED, Code.REGION_NOT_ALLOWED})
"""Refusals that another region may avoid."""

_log = structlog.get_logger()


async def open_form(use: Use, wish: Wish) -> Accepted:
    """Log the wish for a form; the form is opened after the ack."""
    if not await use.services.incoming.close(wish.asked, Status.DONE, keeps_address=True):
        return SAME_DELIVERY
    return Accepted(work=partial(_show, use, wish.asked))


async def rooms_for_search(use: Use) -> Sequence[NamedRoom] | None:
    """Return the rooms, however old the list is, and read them anew if it is; None if they are not known.

    Only a list that was never read is waited for, and not for long.
    """
    rooms = use.services.room_list
    if rooms.known() is None:
        reading = asyncio.create_task(_read_rooms(use))
        use.services.tasks.own(reading)
        if rooms.last_known is None:
            await asyncio.wait({reading}, timeout=FIRST_ROOMS_SECONDS)
    return rooms.last_known


def may_start_in(use: Use, channel_id: str | None) -> MayStart:
    """Return the function that tells what the person may start there, in one region at least."""
    services = use.services
    asked = replace(use.invocation.in_channel(channel_id), action=Action.START)
    regions = services.regions
    breaks_glass = services.policy.may_break_glass(asked)

    def may_start(offer: Offer) -> bool:
        if offer.room_id.lower() in regions.allowed:
            return False  # it would be taken for a mistyped region
        if breaks_glass:
            return True
        if not isinstance(offer, QuickStart):
            return may_start_by(None, offer)
        is_known_there = offer.channel_id in {None, channel_id}
        return may_start_by(offer.name, offer) and (is_known_there or may_start_by(None, offer))

    def may_start_by(name: str | None, offer: Offer) -> bool:
        own = offer.region if isinstance(offer, QuickStart) else None
        for region in (own or regions.default, *regions.allowed):
            try:
                services.policy.check(asked.asking_for(StartRequest(offer.room_id, region)), quick_start=name)
            except Refused as error:
                if error.reason.code not in _OF_THE_REGION:
                    return False
            else:
                return True
        return False

    return may_start


async def _show(use: Use, opening: Invocation) -> None:
    """Open the form, then read the list of rooms for its search."""
    services = use.services
    prefilled = await _prefilled(use, opening)
    view = start_form(
        prefilled,
        services.regions,
        metadata=ButtonValue(opening.id, prefilled.channel_id or "").value,
        may_save=services.policy.refusal_of_any(opening.in_channel(prefilled.channel_id), Act.QUICK) is None,
        name_of=services.room_list.name,
    )
    if await services.windows.open(opening, view):
        await _read_rooms(use)


async def _read_rooms(use: Use) -> None:
    with suppress(MetaStudioError):
        await use.services.room_list.look_up(seconds=ROOMS_SECONDS)


async def _prefilled(use: Use, opening: Invocation) -> Prefilled:
    """Return the arguments of the channel's last start, else of the person's, if they are read in time."""
    try:
        async with asyncio.timeout(PREFILL_SECONDS):
            last = await _last_start(use, opening)
            if last is None:
                return Prefilled(channel_id=opening.origin.channel_id)
            before = last.origin.channel_id
            may_be_chosen = use.services.policy.allows(opening.in_channel(before))
            channel_id = opening.origin.channel_id or (before if may_be_chosen else None)
            return await _as_before(use, last, channel_id)
    except (DatabaseUnavailable, TimeoutError) as error:
        _log.warning("the form is not prefilled", reason=str(error) or "too slow")
        return Prefilled(channel_id=opening.origin.channel_id)


async def _last_start(use: Use, opening: Invocation) -> RoomInvocation | None:
    invocations, origin = use.services.invocations, opening.origin
    here = await invocations.last_start(origin.channel_id) if origin.channel_id else None
    return here or await invocations.last_start_of(origin.user_id)


async def _as_before(use: Use, last: RoomInvocation, channel_id: str | None) -> Prefilled:
    """Return what the start asked for. What a quick start says itself is left out."""
    request = last.request
    quick_start = await _quick_start_of(use, last, channel_id)
    offer: Offer = quick_start or NamedRoom(request.room_id, _name_of(use, last))
    own = quick_start.arguments() if quick_start else {}
    given = {name: getattr(request, name) for name in ("region", "room_type", "client_id")}
    beside = {name: value for name, value in given.items() if value != own.get(name)}
    is_offered = not is_by_name(last) and may_start_in(use, channel_id)(offer)
    return Prefilled(offer=offer if is_offered else None, channel_id=channel_id, **beside)


async def _quick_start_of(use: Use, last: RoomInvocation, channel_id: str | None) -> QuickStart | None:
    """Return the quick start by which a start was asked for, if the form can offer it."""
    name = await use.services.named_by.find(last)
    if name is None:
        return None
    found = chosen(await use.services.quick_starts.named(last.origin.team_id or "", channel_id, name))
    return found if found and found.room_id == last.request.room_id else None


def _name_of(use: Use, last: RoomInvocation) -> str:
    room_id = last.request.room_id
    return last.room_name or use.services.room_list.name(room_id) or room_id
