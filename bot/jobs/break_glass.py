"""Break glass: before a start that the policy refuses, ask its person for the reason."""

from dataclasses import replace

from bot.domain.invocation import Invocation, Status
from bot.durable.accept import Acceptance
from bot.jobs.outcome import Outcomes
from bot.messages.break_glass import asking
from bot.messages.views import not_opened
from bot.slack.modals import Modals


class BreakGlass:
    """The use case. The start that follows is a start like any other; its `source` is `break_glass`."""

    def __init__(self, *, acceptance: Acceptance, outcomes: Outcomes, modals: Modals) -> None:
        self._acceptance = acceptance
        self._outcomes = outcomes
        self._modals = modals

    async def commit(self, asked: Invocation) -> Invocation | None:
        """Log the click; return None where Slack has delivered it before.

        The row keeps its response_url for the start, because a submitted modal has none, and the bot may not
        be a member of the channel.

        Raises:
            DatabaseUnavailable: the click is not in the invocation log.
        """
        done = replace(asked, status=Status.DONE)
        return done if await self._acceptance.commit(done) else None

    async def ask(self, click: Invocation, refused: Invocation) -> None:
        """Open the modal that asks for the reason."""
        if await self._modals.open(click.origin.trigger_id, asking(refused, click.id)) is None:
            await self._outcomes.answer(click, not_opened())
