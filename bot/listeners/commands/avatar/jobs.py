"""`/avatar jobs`."""

import asyncio

from bot.domain.arguments import JobRef, refuse_extra_words
from bot.domain.invocation import Action, Status
from bot.listeners.use import Accepted, Subcommand, Use, Wish, about_nothing
from bot.messages.buttons import STOP_JOB
from bot.messages.jobs import MOST_JOBS, jobs_list
from bot.messages.permitted import without_buttons


def parse(use: Use) -> None:
    """Nothing comes after `jobs`."""
    refuse_extra_words(use.words, after="jobs")


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
    may_stop = services.policy.may_stop
    barred = {job.job.job_id for job in running.jobs if not may_stop(asked, JobRef.in_row(job), job)}

    def is_barred(action_id: str, value: str) -> bool:
        return action_id.startswith(STOP_JOB) and value.partition(" ")[2] in barred

    return Accepted(words=without_buttons(words, is_barred))


SUBCOMMAND = Subcommand(verb="jobs", action=Action.JOBS, parse=parse, find=about_nothing, handle=show)
