"""*Start again*, on the announcement of a job that is over."""

from bot.domain.invocation import Action
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
from bot.messages.buttons import START_AGAIN
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def find(use: Use, invocation_id: str) -> StartWish:
    """Find the start whose job is over, to be sent once more as its channel's."""
    before = await get_start(use, invocation_id)
    state = before.job.state if before.job else None
    if state is None or not state.is_over:
        raise InvalidArguments(reason(Code.JOB_NOT_OVER))
    quick_start = await quick_start_of(use, before)
    return StartWish(asked=once_more(use, before), previous_id=before.id, quick_start=quick_start)


BUTTON = Button(
    action_id=START_AGAIN,
    action=Action.START,
    parse=parse_start_id,
    find=find,
    handle=commit_start,
    verdict="Nothing was started.",
)
