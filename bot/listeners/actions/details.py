"""*Details*, on an announcement."""

from functools import partial

from bot.domain.invocation import Action, Status, has_job
from bot.errors import InvalidArguments
from bot.listeners.about_start import AboutStart, find_named_start, parse_start_id
from bot.listeners.use import SAME_DELIVERY, Accepted, Button, Use
from bot.messages.buttons import DETAILS
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def show(use: Use, wish: AboutStart) -> Accepted:
    """Log the click; the modal is opened after the ack."""
    if not has_job(wish.named):
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_JOB))
    if not await use.services.incoming.close(wish.asked, Status.DONE):
        return SAME_DELIVERY
    return Accepted(work=partial(use.services.details.show, wish.named, use.invocation))


BUTTON = Button(
    action_id=DETAILS, action=Action.DETAILS, parse=parse_start_id, find=find_named_start, handle=show
)
