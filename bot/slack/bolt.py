"""The Bolt app, without listeners: authorization, and the answer when a listener fails."""

import logging
from collections.abc import Callable

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.messages.replies import went_wrong
from bot.slack.client import Installation

_log = structlog.get_logger()


def bolt_app(slack: AsyncWebClient, installation: Installation, new_id: Callable[[], str]) -> AsyncApp:
    """Build the app. Logging must be configured before, or Bolt would log in its own format."""
    authorized = AuthorizeResult(
        enterprise_id=None,
        team_id=installation.team_id,
        bot_user_id=installation.bot_user_id,
        bot_id=installation.bot_id,
        bot_token=slack.token,
    )

    async def authorize() -> AuthorizeResult:
        """Return what `auth.test` said at boot; otherwise Bolt would ask again before its first ack."""
        return authorized

    logging.getLogger("slack_bolt.AsyncApp").addFilter(_keeps_all_but_the_token_warning)
    bolt = AsyncApp(
        name="avatar-bot",
        client=slack,
        authorize=authorize,
        # The web server checks signatures on the raw bytes, before Bolt reads them.
        request_verification_enabled=False,
        ssl_check_enabled=False,
        # Only people open the Home tab, so no event comes from the bot itself.
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        # Otherwise Bolt polls for the ack every 10 ms. Listeners end with their ack, so this delays nothing.
        process_before_response=True,
    )

    @bolt.error
    async def answer_all_the_same(
        error: Exception, request: AsyncBoltRequest, response: BoltResponse | None
    ) -> BoltResponse | None:
        reference = new_id()
        _log.error("a listener failed", exc_info=error, reference=reference, mode=request.mode)
        acknowledged: BoltResponse | None = request.context.ack.response
        if acknowledged is not None:
            return acknowledged
        if response is None:
            return None
        body = {"response_type": "ephemeral", **went_wrong(reference).arguments()}
        return BoltResponse(status=200, body=body)

    return bolt


def _keeps_all_but_the_token_warning(record: logging.LogRecord) -> bool:
    """Drop Bolt's warning at boot that a token is unused; `authorize` uses it."""
    return "`token`" not in record.getMessage()
