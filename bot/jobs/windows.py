"""Open modals for people: log the use that asks for one, open it, or tell its person that Slack did not."""

from dataclasses import replace
from typing import Any

from bot.domain.invocation import Invocation, Status
from bot.durable.accept import Acceptance
from bot.jobs.outcome import Outcomes
from bot.messages.views import not_opened
from bot.slack.modals import Modals


class Windows:
    """The modals of uses. What a person submits in one is a use of its own."""

    def __init__(self, *, acceptance: Acceptance, outcomes: Outcomes, modals: Modals) -> None:
        self._acceptance = acceptance
        self._outcomes = outcomes
        self._modals = modals

    async def commit(self, asked: Invocation) -> Invocation | None:
        """Log a use that opens a modal to be submitted; return None where Slack has delivered it before.

        The row keeps its response_url for what is submitted, because a submitted modal may have none, and the
        bot may not be a member of the channel.

        Raises:
            DatabaseUnavailable: the use is not in the invocation log.
        """
        done = replace(asked, status=Status.DONE)
        return done if await self._acceptance.commit(done) else None

    async def open(self, asking: Invocation, view: dict[str, Any]) -> str | None:
        """Open the modal, and return its ID; where Slack does not open it, tell the person."""
        view_id = await self._modals.open(asking.origin.trigger_id, view)
        if view_id is None:
            await self._outcomes.answer(asking, not_opened(asking.source))
        return view_id

    async def update(self, view_id: str, view: dict[str, Any]) -> bool:
        """Show something else in a modal; return False where Slack does not take it."""
        return await self._modals.update(view_id, view)
