"""What went wrong, as a person reads it: what happened, what to do, and what to ask about."""

from bot.domain.invocation import Invocation
from bot.errors import MetaStudioError, ReasonedError
from bot.messages.mrkdwn import code, escape
from bot.messages.reasons import advice, sentence

_LIMIT = 1000
"""Of what happened, and again of what to do: together they fit into one section."""


def said(error: ReasonedError) -> str:
    """What happened and, in the next line, what to do about it."""
    return "\n".join(part for part in (happened(error), escape(advice(error), _LIMIT)) if part)


def happened(error: ReasonedError) -> str:
    """What happened, where somebody else knows what to do."""
    return escape(sentence(error.reason), _LIMIT)


def reference(invocation: Invocation, error: ReasonedError | None = None) -> str:
    """By what the support of the cloud, or whoever runs the bot, finds the case."""
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
