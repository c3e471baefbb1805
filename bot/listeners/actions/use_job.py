"""*Use this one*, on a job that may belong to a start whose outcome is unknown."""

from dataclasses import dataclass
from functools import partial

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action, Status
from bot.listeners.about_start import AboutStart, about, get_start, parse_button_value
from bot.listeners.use import SAME_DELIVERY, Accepted, Button, Use
from bot.messages.buttons import USE_JOB


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutJobOfStart(AboutStart):
    """A wish about a start, and the job that it is to adopt."""

    job_id: str


async def find(use: Use, wanted: ButtonValue) -> AboutJobOfStart:
    """Find the start that may have made the job; the button names both."""
    named = await get_start(use, wanted.invocation_id)
    of_start = await about(use, named)
    return AboutJobOfStart(
        asked=of_start.asked, named=named, job_id=wanted.argument, quick_start=of_start.quick_start
    )


async def adopt(use: Use, wish: AboutJobOfStart) -> Accepted:
    """Log the choice; whether the start can adopt the job is checked after the ack."""
    if not await use.services.incoming.close(wish.asked, Status.DONE):
        return SAME_DELIVERY
    use_job = use.services.reconciliation.use
    return Accepted(work=partial(use_job, wish.named, wish.job_id, asking=use.invocation))


BUTTON = Button(
    action_id=USE_JOB,
    action=Action.ADOPT,
    parse=parse_button_value,
    find=find,
    handle=adopt,
    verdict="Nothing was changed.",
)
