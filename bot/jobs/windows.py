"""Open modals for people, or tell them that Slack did not."""

from typing import Any

from bot.domain.invocation import Invocation
from bot.jobs.outcome import Outcomes
from bot.messages.views import not_opened
from bot.slack.modals import Modals


class Windows:
    """The modals of uses. What a person submits in one is a use of its own."""

    def __init__(self, *, outcomes: Outcomes, modals: Modals) -> None:
        self._outcomes = outcomes
        self._modals = modals

    async def open(self, asking: Invocation, view: dict[str, Any]) -> str | None:
        """Open the modal, and return its ID; where Slack does not open it, tell the person."""
        view_id = await self._modals.open(asking.origin.trigger_id, view)
        if view_id is None:
            await self._outcomes.answer(asking, not_opened(asking.source))
        return view_id

    async def update(self, view_id: str, view: dict[str, Any]) -> bool:
        """Show something else in a modal; return False where Slack does not take it."""
        return await self._modals.update(view_id, view)
