"""*Start anyway*, where the outcome of a start is unknown; *Start it now*, where it was never sent."""

from dataclasses import replace

from bot.domain.invocation import Action, Invocation, Status
from bot.listeners.about_start import (
    AboutStart,
    StartWish,
    about,
    commit_start,
    get_start,
    once_more,
    parse_start_id,
    refuse,
)
from bot.listeners.use import Accepted, Button, Use
from bot.messages.buttons import START_AFTER_ALL
from bot.messages.unknown import settled_already
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def find(use: Use, invocation_id: str) -> AboutStart:
    """Find the start that may be sent again."""
    named = await get_start(use, invocation_id)
    if not _may_be_sent(named):
        return await about(use, named)
    return replace(await about(use, named), asked=once_more(use, named))


async def start(use: Use, wish: AboutStart) -> Accepted:
    """Commit the start, unless the earlier one turned out to have made a job."""
    named = wish.named
    if not _may_be_sent(named):
        why = reason(Code.START_SETTLED, job_id=named.job.job_id if named.job else None)
        return await refuse(
            use, use.invocation.asking_for(named.request), why, settled_already(named, use.invocation)
        )
    is_another = await _is_of_an_unknown(use, named)
    wanted = StartWish(asked=wish.asked, previous_id=named.id, is_another=is_another, is_private=True)
    return await commit_start(use, wanted)


def _may_be_sent(named: Invocation) -> bool:
    return named.status is Status.UNKNOWN or named.made_no_job


async def _is_of_an_unknown(use: Use, start: Invocation) -> bool:
    """Whether the start is unknown, or was wanted after an unknown one and made no job."""
    before: Invocation | None = start
    while before is not None and before.made_no_job and before.previous_id:
        before = await use.services.acceptance.ask(use.services.invocations.get(before.previous_id))
    return before is not None and before.status is Status.UNKNOWN


BUTTON = Button(
    action_id=START_AFTER_ALL,
    action=Action.START,
    parse=parse_start_id,
    find=find,
    handle=start,
    verdict="Nothing was started.",
)
