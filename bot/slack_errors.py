"""What slack-sdk raises, and the one word for it."""

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.causes import cause_of

SLACK_FAILURES = (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError, TypeError)
"""All that a call to Slack can end in. On an answer that is no JSON object, such as a proxy's page, slack-sdk
3.47 fails with AttributeError or TypeError in its own code."""


def word_for(error: BaseException) -> str:
    """Slack's own word where there is one (`not_in_channel`), else why it was not reached.

    Never a text of others, which may hold a secret.
    """
    if isinstance(error, SlackApiError):
        data = getattr(error.response, "data", None)
        word = data.get("error") if isinstance(data, dict) else None
        return str(word or f"HTTP {getattr(error.response, 'status_code', '?')}")
    cause = cause_of(error)
    return cause.words if cause else type(error).__name__
