"""Open a modal, and show something else in it later; show a person's Home tab."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages.views import plain_view
from bot.slack.calls import SlackCalls
from bot.slack.errors import SLACK_FAILURES, SlackFailure, word_for

View = dict[str, Any]

_log = structlog.get_logger()


class Modals:
    """Shows modals and Home tabs. Slack opens a modal only within 3 s of a click: before any slow work."""

    def __init__(
        self, slack: AsyncWebClient, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._slack = slack
        self._calls = SlackCalls(sleep=sleep)

    async def open(self, trigger_id: str | None, view: View) -> str | None:
        """Open a modal, and return its ID; None where Slack does not open it."""
        try:
            opened = await self._show(partial(self._slack.views_open, trigger_id=trigger_id), view)
            return str(opened["view"]["id"])
        except (*SLACK_FAILURES, KeyError) as error:
            _log.warning("the modal is not opened", reason=word_for(error))
            return None

    async def update(self, view_id: str, view: View) -> bool:
        """Show something else in a modal; return False where Slack does not take it."""
        try:
            await self._show(partial(self._slack.views_update, view_id=view_id), view)
        except SLACK_FAILURES as error:
            _log.warning("the modal is not updated", reason=word_for(error))
            return False
        return True

    async def publish(self, user_id: str, view: View) -> bool:
        """Show a person's Home tab; return False where Slack does not take it."""
        try:
            await self._show(partial(self._slack.views_publish, user_id=user_id), view)
        except SLACK_FAILURES as error:
            _log.warning("the Home tab is not shown", reason=word_for(error))
            return False
        return True

    async def _show(self, show: Callable[..., Awaitable[Any]], view: View) -> Any:
        """Show the view; where Slack refuses its blocks, show plain paragraphs."""
        try:
            return await self._calls.make(partial(show, view=view))
        except SlackFailure as failure:
            if not failure.is_about_content:
                raise
            _log.error("Slack refused the content of a view", reason=failure.word)
            return await self._calls.make(partial(show, view=plain_view(view)))
