"""`/avatar jobs`."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.domain.arguments import refuse_extra_words
from bot.domain.invocation import Action, Status
from bot.domain.job_list import JobList, Listed, OutsideJob
from bot.domain.quick_start import QuickStart
from bot.domain.start_words import typed_name_of
from bot.jobs.offers import Offers
from bot.listeners.about_start import as_if_there
from bot.listeners.use import SAME_DELIVERY, Accepted, Subcommand, Use, Wish, about_nothing
from bot.messages.buttons import LOOK_AGAIN, START_AGAIN
from bot.messages.jobs import jobs_list, where_hidden
from bot.messages.message import Message

_STARTS = {START_AGAIN: Action.START, LOOK_AGAIN: Action.LOOK}


def parse(use: Use) -> None:
    """Nothing comes after `jobs`."""
    refuse_extra_words(use.words, after="jobs")


async def show(use: Use, wish: Wish) -> Accepted:
    """Log the question. The list comes after the ack, because MetaStudio is asked for other jobs as well."""
    if not await use.services.incoming.close(wish.asked, Status.DONE):
        return SAME_DELIVERY
    return Accepted(work=partial(use.services.job_listing.tell, wish.asked, partial(_listed, use)))


def _listed(use: Use, listed: JobList, quick_starts: Sequence[QuickStart]) -> Message:
    """Make the list with the buttons that its person may use."""
    services, asked = use.services, use.invocation
    offers = Offers(services.policy, asked, rtc_access=services.rtc is not None)

    def may(action_id: str, row: Listed) -> bool:
        if action_id not in _STARTS or isinstance(row, OutsideJob):
            return offers.may(action_id, row)
        wanted = replace(as_if_there(use, row, row.request), action=_STARTS[action_id])
        name = typed_name_of(row)
        is_known = any((each.name, each.room_id) == (name, row.request.room_id) for each in quick_starts)
        return services.policy.allows(wanted, quick_start=name if is_known else None)

    return jobs_list(
        listed,
        asked.created_at,
        may=may,
        workspace_url=services.incoming.home.url,
        hidden_in=where_hidden(asked),
    )


SUBCOMMAND = Subcommand(verb="jobs", action=Action.JOBS, parse=parse, find=about_nothing, handle=show)
