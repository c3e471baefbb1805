"""The parts of a message about a failure: what happened, what to do, and the reference for support."""

from bot.domain.invocation import Invocation
from bot.errors import MetaStudioError, ReasonedError
from bot.messages.mrkdwn import code, escape
from bot.messages.reasons import advice, sentence

_LIMIT = 1000
"""Maximum characters of each of the two parts: together they fit into one section."""


def said(error: ReasonedError) -> str:
    """Return what happened and, on the next line, what to do about it."""
    return "\n".join(part for part in (happened(error), escape(advice(error), _LIMIT)) if part)


def happened(error: ReasonedError) -> str:
    """Return what happened, without advice."""
    return escape(sentence(error.reason), _LIMIT)


def reference(invocation: Invocation, error: ReasonedError | None = None) -> str:
    """Return the IDs by which the cloud's support, or whoever runs the bot, finds the case."""
    parts = []
    if isinstance(error, MetaStudioError):
        answer = error.answer
        if answer.error_code:
            parts.append(code(answer.error_code))
        if answer.http_status:
            parts.append(f"HTTP {answer.http_status}")
        if answer.request_id:
            parts.append(f"request ID {code(answer.request_id)}")
    parts.append(f"log entry {code(invocation.id)}")
    return " · ".join(parts)
