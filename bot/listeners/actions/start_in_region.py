"""*Start in cn-north-4*, where a region was mistyped."""

from dataclasses import replace

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action, Status
from bot.domain.start_words import parse_in_region
from bot.errors import InvalidArguments
from bot.listeners.about_start import StartWish, as_if_there, commit_start, get_any_start
from bot.listeners.understanding import understand
from bot.listeners.use import Button, Use
from bot.messages.buttons import START_IN_REGION
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


def parse(use: Use) -> ButtonValue:
    """Return the mistyped start and the region in the button's value."""
    return ButtonValue.parse(use.invocation.text)


async def find(use: Use, wanted: ButtonValue) -> StartWish:
    """Find what was typed, to be sent with the region that was meant."""
    mistyped = await get_any_start(use, wanted.invocation_id)
    if mistyped.status is not Status.INVALID:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_MISTAKE))
    words = parse_in_region(mistyped.text, wanted.argument, use.services.regions)
    meant = await understand(use, words)
    there = as_if_there(use, mistyped, meant.asked.request)
    asked = replace(there, room_name=meant.asked.room_name)
    return StartWish(asked=asked, previous_id=mistyped.id, is_private=True, quick_start=meant.quick_start)


BUTTON = Button(
    action_id=START_IN_REGION,
    action=Action.START,
    parse=parse,
    find=find,
    handle=commit_start,
    verdict="Nothing was started.",
)
