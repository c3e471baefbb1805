"""What slack-sdk raises, and what it means."""

import os

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

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

_PASSING = frozenset(
    {"fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable"}
)


_REASONS: dict[type[BaseException], str] = {
    TimeoutError: "it does not answer in time",
    aiohttp.ClientConnectorCertificateError: "its certificate is not trusted (or the clock is wrong)",
    aiohttp.ClientConnectorDNSError: "its name cannot be resolved",
    aiohttp.ClientError: "the connection failed",
    OSError: "the connection failed",
}


def word_for(error: BaseException) -> str:
    """Slack's own word where there is one (`not_in_channel`). Never a text, which may hold a secret."""
    if isinstance(error, SlackApiError):
        data = getattr(error.response, "data", None)
        word = data.get("error") if isinstance(data, dict) else None
        return str(word or f"HTTP {getattr(error.response, 'status_code', '?')}")
    return type(error).__name__


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed later: nobody has said that it is wrong."""
    if isinstance(error, SlackApiError):
        status = getattr(error.response, "status_code", 0)
        return status == 429 or status >= 500 or word_for(error) in _PASSING
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status >= 500
    return True


def reason_for(error: BaseException) -> str:
    """Why Slack could not be asked, in words without a full stop. Never a text, which may hold a secret."""
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    if isinstance(error, (SlackApiError, aiohttp.ClientResponseError)):
        who = "the proxy" if isinstance(error, aiohttp.ClientHttpProxyError) else "it"
        word = word_for(error) if isinstance(error, SlackApiError) else f"HTTP {error.status}"
        return f"{who} answers {word}"
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    return "its answer is not Slack's"


def retry_after(error: BaseException) -> float:
    """How many seconds Slack wants us to wait; 0 where it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("Retry-After", ""))
    return float(text[:9]) if text.isascii() and text.isdigit() else 0.0
