"""The search of the form: quick starts and rooms, as far as the person may start them."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action
from bot.domain.quick_start import listed, place_of
from bot.domain.start_form import offers_for
from bot.errors import DatabaseUnavailable
from bot.listeners.about_form import may_start_in, rooms_for_search
from bot.listeners.use import Options, Use
from bot.messages.message import Block
from bot.messages.start_form import CHANNEL, ROOM_MENU, groups_of


def parse(use: Use) -> str:
    """Return what is typed. The form was opened in the channel that came back with it."""
    opened_in = ButtonValue.parse(use.form.metadata).argument or None
    use.invocation = replace(use.invocation, origin=replace(use.invocation.origin, channel_id=opened_in))
    return use.invocation.text


async def suggest(use: Use, typed: str) -> Sequence[Block]:
    """Return the options that fit. Quick starts are left out where the database is too slow."""
    services = use.services
    rooms = await rooms_for_search(use)
    try:
        known = await services.acceptance.ask(services.quick_starts.known_in(*place_of(use.invocation)))
    except DatabaseUnavailable:
        known = []
    quick_starts = [each.quick_start for each in listed(known) if not each.is_shadowed]
    channel_id = use.form.values.get(CHANNEL) or use.invocation.origin.channel_id
    offers = offers_for(typed, quick_starts, rooms, may_start_in(use, channel_id))
    return groups_of(offers, services.room_list.name)


OPTIONS = Options(action_id=ROOM_MENU, action=Action.FORM, parse=parse, suggest=suggest)
