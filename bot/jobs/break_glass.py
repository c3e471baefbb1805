"""Break glass: ask whoever may start what the policy refuses for the reason, before anything starts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.invocation import Invocation, Status
from bot.durable.accept import Acceptance
from bot.errors import Undeliverable
from bot.messages.break_glass import asking, not_opened
from bot.slack.calls import SlackCalls
from bot.slack.delivery import Delivery
from bot.slack.errors import SLACK_FAILURES, word_for

_log = structlog.get_logger()


class BreakGlass:
    """The use case. The start itself is a start like others, whose source says how it came about."""

    def __init__(
        self,
        *,
        acceptance: Acceptance,
        delivery: Delivery,
        slack: AsyncWebClient,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._acceptance = acceptance
        self._delivery = delivery
        self._slack = slack
        self._calls = SlackCalls(sleep=sleep)

    async def commit(self, asked: Invocation) -> Invocation | None:
        """Log the click; return None where Slack has delivered it before.

        The row keeps its response_url for the start: a modal has none, and the bot may be no member there.

        Raises:
            DatabaseUnavailable: it is not in the invocation log.
        """
        done = replace(asked, status=Status.DONE)
        return done if await self._acceptance.commit(done) else None

    async def ask(self, click: Invocation, refused: Invocation) -> None:
        """Open the modal that asks for the reason."""
        view = asking(refused, click.id)
        try:
            await self._calls.make(
                partial(self._slack.views_open, trigger_id=click.origin.trigger_id, view=view)
            )
        except SLACK_FAILURES as error:
            _log.warning("the modal is not opened", reason=word_for(error))
            try:
                await self._delivery.tell(click, not_opened())
            except Undeliverable as failure:
                _log.warning("an answer to a click is not delivered", reason=str(failure))
