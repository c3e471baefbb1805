"""*Start another*, where an equal start was made a moment ago."""

from bot.domain.invocation import Action, Status
from bot.errors import InvalidArguments
from bot.listeners.about_start import (
    StartWish,
    commit_start,
    get_start,
    once_more,
    parse_start_id,
    quick_start_of,
)
from bot.listeners.use import Button, Use
from bot.messages.buttons import START_ANOTHER
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def find(use: Use, invocation_id: str) -> StartWish:
    """Find the refused start, to be sent although there is an equal one."""
    refused = await get_start(use, invocation_id)
    if refused.status is not Status.REFUSED:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_REFUSED_START))
    return StartWish(
        asked=once_more(use, refused),
        previous_id=refused.id,
        is_another=True,
        knows_running=True,
        is_private=True,
        quick_start=await quick_start_of(use, refused),
    )


BUTTON = Button(
    action_id=START_ANOTHER,
    action=Action.START,
    parse=parse_start_id,
    find=find,
    handle=commit_start,
    verdict="Nothing was started.",
)
