"""`/avatar jobs`."""

import asyncio

from bot.domain.arguments import parse_nothing
from bot.domain.invocation import Action, Status
from bot.listeners.use import Accepted, Subcommand, Use, Wish, about_nothing
from bot.messages.jobs import MOST_JOBS, jobs_list


def parse(use: Use) -> None:
    """Nothing comes after `jobs`."""
    parse_nothing(use.words, "jobs")


async def show(use: Use, wish: Wish) -> Accepted:
    """Log the question, and list what runs as far as its person may read of it."""
    services, asked = use.services, wish.asked
    listing = services.invocations.running(asked, limit=MOST_JOBS)
    _, running = await asyncio.gather(
        services.incoming.close(asked, Status.DONE),
        services.acceptance.ask(listing, beside_commit=True),
    )
    hidden_in = "other channels" if asked.origin.foreign_team_id else "private channels"
    words = jobs_list(
        running.jobs, running.total, asked.created_at, hidden=running.hidden, hidden_in=hidden_in
    )
    return Accepted(words=words)


SUBCOMMAND = Subcommand(verb="jobs", action=Action.JOBS, parse=parse, find=about_nothing, handle=show)
