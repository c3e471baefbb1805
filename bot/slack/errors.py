"""Classify failed calls to Slack: the exceptions, one word for each failure, and when a retry may work."""

import re
from enum import Enum

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.runtime.causes import cause_of

SLACK_FAILURES = (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError, TypeError)
"""All exceptions of a call to Slack. If the answer is not a JSON object (a proxy's page), slack-sdk 3.47
itself fails with AttributeError or TypeError."""

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
"""Slack's words for an invalid token."""


class Again(Enum):
    """When the same call may work."""

    SOON = "soon"
    LATER = "later"
    NEVER = "never"


class SlackFailure(SlackClientError):
    """A call that Slack did not carry out, or did not confirm.

    `word` is Slack's or the bot's single word, never free text. `retry_after` is in seconds, if Slack gave
    it.
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
"""Parts of Slack's words for content that it rejects, so that new words match too: `invalid_blocks_format`,
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
"""Slack's words for problems that may be over in a moment."""

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
"""Slack's words for problems that end later, some of them with a new token. All other words are permanent."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def slack_word(value: object) -> str | None:
    """Return the value if it is one of Slack's error words; free text may hold a secret."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def when_again(word: str) -> Again:
    """Return when a call may work after Slack refused it with this word."""
    return Again.SOON if word in _SOON else Again.LATER if word in _LATER else Again.NEVER


def word_for(error: BaseException) -> str:
    """Return Slack's own word if there is one (`not_in_channel`), else why Slack was not reached.

    The result is never free text from outside, which may hold a secret.
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
    """Say why a call to Slack failed, without a full stop and without free text, which may hold a secret."""
    if cause := cause_of(error):
        return cause.words
    if isinstance(error, SlackApiError):
        return f"it answers {word_for(error)}"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"it answers HTTP {error.status}"
    return "its answer is not Slack's"


def status_of(error: SlackApiError) -> int:
    """Return the answer's HTTP status. If the answer is not JSON, slack-sdk hands on aiohttp's response."""
    return int(getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0))
