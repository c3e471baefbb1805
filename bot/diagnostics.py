"""What the process says on standard error: structlog, with every line free of secrets, also at DEBUG.

Redaction works on the finished line, whoever wrote it and however a value got into it: known secrets by their
value, and by their shape those that come from outside (a response_url, a signature, a WebSocket ticket).
"""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.settings import LogFormat, LogLevel

MASK = "[redacted]"

_TELLTALE_KEYS = (
    r"response_url|signature|authorization|x-auth-token|x-subject-token|x-security-token|x-slack-signature"
    r"|ticket|token|password|trigger_id"
)
_BY_KEY = re.compile(
    rf"""((?:{_TELLTALE_KEYS})(?:\\*["'])?\s*(?:[:=]|%3A|,)\s*(?:\[|\(|b)?\s*(?:\\*["'])?)"""
    r"""((?:Bearer\s+|SDK-HMAC-SHA256\s+)?[^\s"'&,)\]}\\](?:\\/|[^\s"'&)\]}\\])*)""",
    re.IGNORECASE,
)
_BY_SHAPE = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|https?:(?:\\?/){2}hooks\.slack[\w.-]*\.com[^\s\"'<>)\]]*"
    r"|(?:https?:(?:\\?/){2}[^\s\"'<>/\\]+)?(?:\\?/)(?:commands|actions|workflows)(?:\\?/)\w+(?:\\?/)\w+(?:\\?/)\w+"
)


class Redactor:
    """Masks secrets in text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        if self._known:
            text = self._known.sub(MASK, text)
        text = _BY_SHAPE.sub(MASK, text)
        return _BY_KEY.sub(rf"\1{MASK}", text)


def configure_logging(
    *, level: LogLevel, style: LogFormat, secrets: Iterable[str], stream: TextIO | None = None
) -> None:
    """Send this process's log, its libraries' included, to a stream (standard error)."""
    out = stream or sys.stderr
    as_json = style is LogFormat.JSON or (style is LogFormat.AUTO and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=out.isatty())]
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderers,
                _redacting(Redactor(secrets)),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    if level is not LogLevel.DEBUG:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _redacting(redact: Redactor) -> Processor:
    def process(_logger: WrappedLogger, _method: str, line: EventDict | Any) -> str:
        return redact(str(line))

    return process
