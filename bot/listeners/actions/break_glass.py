"""*Start anyway with a reason*, on a refusal of the policy."""

from functools import partial

from bot.domain.invocation import Action, Invocation, Status
from bot.errors import InvalidArguments
from bot.listeners.about_start import get_start, parse_start_id
from bot.listeners.use import SAME_DELIVERY, Accepted, Button, Use, Wish, about_nothing
from bot.messages.break_glass import BREAK_GLASS, asking
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def ask(use: Use, wish: Wish) -> Accepted:
    """Log the click, and ask for the reason after the ack."""
    refused = await get_start(use, parse_start_id(use))
    if refused.origin.user_id != use.invocation.origin.user_id:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_REFUSED_START))
    if not await use.services.incoming.close(wish.asked, Status.DONE, keeps_address=True):
        return SAME_DELIVERY
    return Accepted(work=partial(_ask, use, wish.asked, refused))


async def _ask(use: Use, click: Invocation, refused: Invocation) -> None:
    await use.services.windows.open(click, asking(refused, click.id))


BUTTON = Button(
    action_id=BREAK_GLASS,
    action=Action.BREAK_GLASS,
    parse=parse_start_id,
    find=about_nothing,
    handle=ask,
    verdict="Nothing was started.",
)
