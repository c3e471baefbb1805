"""The search of the form: quick starts and rooms, as far as the person may start them."""

import asyncio
from collections.abc import Sequence

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action
from bot.domain.quick_start import listed
from bot.domain.start_form import offers_for
from bot.errors import DatabaseUnavailable
from bot.listeners.about_form import may_start_in, rooms_for_search
from bot.listeners.use import Options, Use
from bot.messages.message import Block
from bot.messages.start_form import CHANNEL, ROOM_MENU, groups_of


def parse(use: Use) -> str | None:
    """Return the channel in which the form was opened. The policy judges the channel that is chosen."""
    opened_in = ButtonValue.parse(use.form.metadata).argument or None
    channel_id = use.form.values.get(CHANNEL) or opened_in
    use.invocation = use.invocation.in_channel(channel_id)
    return opened_in


async def suggest(use: Use, opened_in: str | None) -> Sequence[Block]:
    """Return the options that fit. Quick starts are left out where the database is too slow.

    The policy is asked about each room, 2,000 perhaps, so a thread does that: meanwhile others are answered.
    """
    services, origin = use.services, use.invocation.origin
    rooms = await rooms_for_search(use)
    try:
        known = await services.acceptance.ask(services.quick_starts.known_in(origin.team_id or "", opened_in))
    except DatabaseUnavailable:
        known = []
    quick_starts = [each.quick_start for each in listed(known) if not each.is_shadowed]
    may_start = may_start_in(use, origin.channel_id)
    offers = await asyncio.to_thread(offers_for, use.invocation.text, quick_starts, rooms, may_start)
    return groups_of(offers, services.room_list.name)


OPTIONS = Options(action_id=ROOM_MENU, action=Action.FORM, parse=parse, suggest=suggest)
