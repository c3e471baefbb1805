"""*Look again*, where the outcome of a start is unknown."""

from functools import partial

from bot.domain.invocation import Action, Status
from bot.listeners.about_start import AboutStart, find_named_start, parse_start_id
from bot.listeners.use import SAME_DELIVERY, Accepted, Button, Use
from bot.messages.buttons import LOOK_AGAIN
from bot.messages.unknown import settled_already


async def look(use: Use, wish: AboutStart) -> Accepted:
    """Log the click; the room's jobs are compared after the ack."""
    if not await use.services.incoming.close(use.invocation, Status.DONE):
        return SAME_DELIVERY
    if wish.named.status is not Status.UNKNOWN:
        return Accepted(words=settled_already(wish.named, use.invocation), instead=True)
    look_again = use.services.reconciliation.look_again
    return Accepted(work=partial(look_again, wish.named, asking=use.invocation))


BUTTON = Button(
    action_id=LOOK_AGAIN, action=Action.LOOK, parse=parse_start_id, find=find_named_start, handle=look
)
