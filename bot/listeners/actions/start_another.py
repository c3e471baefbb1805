"""*Start another*, where the same was started a moment ago."""

from bot.domain.invocation import Action, Status
from bot.errors import InvalidArguments
from bot.listeners.about_start import AboutStart, about_again, commit_start, get_start, parse_start_id
from bot.listeners.use import Accepted, Button, Use
from bot.messages.buttons import START_ANOTHER


async def find(use: Use, invocation_id: str) -> AboutStart:
    """The start that was refused."""
    refused = await get_start(use, invocation_id)
    if refused.status is not Status.REFUSED:
        raise InvalidArguments("This button is about no start that was refused.")
    return about_again(use, refused)


async def start(use: Use, wish: AboutStart) -> Accepted:
    """Commit the start, although there is an equal one."""
    return await commit_start(use, wish.asked, previous_id=wish.named.id, is_another=True)


BUTTON = Button(
    action_id=START_ANOTHER,
    action=Action.START,
    parse=parse_start_id,
    find=find,
    handle=start,
    verdict="Nothing was started.",
)
