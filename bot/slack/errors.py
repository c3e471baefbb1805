"""How a call to Slack fails: what slack-sdk raises, the one word for it, and when the same may work."""

import re
from enum import Enum

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.runtime.causes import cause_of

SLACK_FAILURES = (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError, TypeError)
"""All that a call to Slack can end in. On an answer that is no JSON object, such as a proxy's page, slack-sdk
3.47 fails with AttributeError or TypeError in its own code."""

TOKEN_ERRORS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
        "missing_scope",
        "no_permission",
    }
)
"""Slack's words for a token that is no good."""


class Again(Enum):
    """When the same call may work."""

    SOON = "soon"
    LATER = "later"
    NEVER = "never"


class SlackFailure(SlackClientError):
    """A call that Slack did not carry out, or of which it did not say so.

    `word` is Slack's own or the bot's, never a text; `retry_after` is in seconds, where Slack has named it.
    """

    def __init__(self, word: str, again: Again, *, retry_after: float | None = None) -> None:
        super().__init__(word)
        self.word = word
        self.again = again
        self.retry_after = retry_after

    @property
    def is_about_content(self) -> bool:
        """Whether Slack would take a simpler message at the same place."""
        return self.again is Again.NEVER and bool(_CONTENT.search(self.word))


_CONTENT = re.compile(
    r"block|element|attachment|markdown|text|payload|schema|json|arg|too_|exceed|long|length|size|HTTP 413"
)
"""Slack has many words for content that it does not take, and more to come: `invalid_blocks_format`,
`msg_blocks_too_long`, `msg_too_long`, `invalid_arguments`, `view_too_large`, `no_text`."""

_SOON = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
    }
)
"""Slack's words for troubles that may be over in a moment."""

_LATER = frozenset(
    {
        "message_limit_exceeded",
        "team_added_to_org",
        "accesslimited",
        "invalid_auth",
        "not_authed",
        "token_expired",
        "token_revoked",
        "account_inactive",
    }
)
"""Its words for troubles that end, some of them with a new token. What else it says will not change."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def slack_word(value: object) -> str | None:
    """Slack's word for why not, if this is one; a text is none, for it may hold a secret."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def when_again(word: str) -> Again:
    """When a call may work that Slack has refused with this word."""
    return Again.SOON if word in _SOON else Again.LATER if word in _LATER else Again.NEVER


def word_for(error: BaseException) -> str:
    """Slack's own word where there is one (`not_in_channel`), else why it was not reached.

    Never a text of others, which may hold a secret.
    """
    if isinstance(error, SlackFailure):
        return error.word
    if isinstance(error, SlackApiError):
        data = getattr(error.response, "data", None)
        word = slack_word(data.get("error")) if isinstance(data, dict) else None
        return word or f"HTTP {status_of(error)}"
    cause = cause_of(error)
    return cause.words if cause else type(error).__name__


def reason_for(error: BaseException) -> str:
    """Why Slack could not be asked, in words without a full stop. Never a text, which may hold a secret."""
    if cause := cause_of(error):
        return cause.words
    if isinstance(error, SlackApiError):
        return f"it answers {word_for(error)}"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"it answers HTTP {error.status}"
    return "its answer is not Slack's"


def status_of(error: SlackApiError) -> int:
    """The answer's HTTP status. Where it was no JSON, slack-sdk hands on what aiohttp has."""
    return int(getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0))
