"""What the process says on standard error: structlog, with every line free of secrets, also at DEBUG.

Redaction works on each value of a line just before it is rendered, whoever wrote it: known secrets by their
value, and by their shape those that come from outside (a response_url, a signature, a WebSocket ticket).
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.runtime.outlet import Outlet
from bot.runtime.repeats import OnceHandler
from bot.settings import LogFormat, LogLevel

MASK = "[redacted]"

WORD_LENGTH = 64
KEPT_WORDS = 1024
"""Names and short values come again and again in lines: of so many it is kept what becomes of them."""

SECRET_NAMES = (
    "response_url",
    "signature",
    "authorization",
    "x-auth-token",
    "x-subject-token",
    "x-security-token",
    "x-slack-signature",
    "ticket",
    "token",
    "password",
    "trigger_id",
    "secret",
    "secret_key",
    "secretkey",
    "access_key",
    "accesskey",
)
"""What secrets from outside are called, wherever in a name these words stand last."""

_KEY = f"(?:{'|'.join(SECRET_NAMES)})"
_QUOTE = r"""(?:\\{0,8}["']|%22)"""
_BECOMES = r"(?:\s|%20|\+)*+(?:[:=]|%3A)(?:\s|%20|\+)*+"
_SLASH = r"(?:\\{0,8}/|%2F)"
_SCHEME = rf"https?(?::|%3A){_SLASH}{{2}}"

_BY_SHAPE = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
    rf"|(?:{_SCHEME})?hooks\.slack[\w.-]*(?:{_SLASH}[\w.-]*)*"
    rf"|(?:{_SCHEME}[\w.:%\[\]-]+?)?{_SLASH}(?:commands|actions|workflows){_SLASH}\w+{_SLASH}\w+{_SLASH}[\w-]+"
    # what signs a request to the cloud, its parts by themselves included
    r"|(?<=\bAccess=)[\w+/.-]{8,}|(?<![A-Za-z0-9])[as]k[\"']{0,2}\s*[:=]\s*[\"']?[\w+/=.-]{8,}",
    re.IGNORECASE,
)
_LONG = re.compile(  # hashes and signatures of 256 bits, tokens of many letters, small and capital
    r"(?<![A-Za-z0-9])[0-9A-Fa-f]{64,}(?![A-Za-z0-9])"
    r"|(?<![\w+/=-])(?=[\w+/=-]{80})(?=(?:[^A-Z\s]*[A-Z]){12})(?=(?:[^a-z\s]*[a-z]){12})[\w+/=-]+"
)
_QUOTED = re.compile(  # `token: "…"`, `'token': b'…'`, `(b'Token', b'…')`, at any depth of escaping
    rf"({_KEY}{_QUOTE}?{_BECOMES}[\[(]?b?|\(b?{_QUOTE}[\w-]*{_KEY}{_QUOTE},\s*b?)"
    rf"(?P<quote>{_QUOTE})(?:(?!(?P=quote))(?:\\.|.))+",
    re.IGNORECASE,
)
_BARE = re.compile(  # `token=…`, `Authorization: Bearer …`
    rf"({_KEY}{_QUOTE}?{_BECOMES}(?!{re.escape(MASK)}|{_QUOTE})[\[(]?)"
    r"""(?:(?:Bearer|Basic|SDK-HMAC-SHA256)\s+)?[^\s"'&,()\[\]{}\\](?:\\/|[^\s"'&)\]}\\])*""",
    re.IGNORECASE,
)
_TELLTALE = re.compile(
    "|".join(("xox", "xapp", "@", "slack", "commands", "actions", "workflows", "access=", *SECRET_NAMES))
    + r"|(?<![a-z0-9])[as]k[\"'\s:=]|(?<![a-z0-9_+/=-])[a-z0-9_+/=-]{64}"
)
"""What each of the shapes has in it, in lower case: most text has none of it, and is done with sooner."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what could steer a terminal
_NAME = re.compile(rf"(?:.*[_-])?{_KEY}", re.IGNORECASE | re.DOTALL)


class Redactor:
    """Masks secrets in text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        written = {form for secret in secrets if len(secret) >= 6 for form in forms(secret)}
        known = sorted(written, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._masked_word = lru_cache(KEPT_WORDS)(self._masked)
        self._read_name = lru_cache(KEPT_WORDS)(self._masked_name)

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        return self._masked_word(text) if len(text) <= WORD_LENGTH else self._masked(text)

    def _masked(self, text: str) -> str:
        if self._known:
            text = self._known.sub(MASK, text)
        if _is_innocent(text):
            return text
        text = _LONG.sub(MASK, _BY_SHAPE.sub(MASK, text))
        text = _QUOTED.sub(rf"\1\g<quote>{MASK}", text)
        return _BARE.sub(rf"\1{MASK}", text)

    def value(self, value: Any) -> Any:
        """A value of whatever type, without its secrets; the type is kept where a renderer knows it."""
        match value:
            case str():
                return _CONTROL.sub("\ufffd", self(value))
            case None | bool() | int() | float():
                return value
            case Mapping():
                return dict(self._named(str(name), part) for name, part in value.items())
            case list() | tuple() | set() | frozenset():
                return [self.value(part) for part in value]
            case _:
                return self(repr(value))

    def _named(self, name: str, value: Any) -> tuple[str, Any]:
        read = self._read_name if len(name) <= WORD_LENGTH else self._masked_name
        masked, names_a_secret = read(name)
        return masked, MASK if value and names_a_secret else self.value(value)

    def _masked_name(self, name: str) -> tuple[str, bool]:
        """A name without its secrets, and whether it is that of one."""
        return self._masked(name), not _is_innocent(name) and bool(_NAME.fullmatch(name))


def _is_innocent(text: str) -> bool:
    """Whether no shape of a secret can be in it. Beyond ASCII there are more ways to write a letter."""
    return text.isascii() and not _TELLTALE.search(text.lower())


def forms(secret: str) -> set[str]:
    """A secret as it may stand in text: plain, in JSON, in Python's repr, in a URL or form."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
    }


def configure_logging(
    *, level: LogLevel, style: LogFormat, secrets: Iterable[str], stream: TextIO | None = None
) -> OnceHandler:
    """Send this process's log, its libraries' included, to a stream (standard error).

    The handler is to be closed at the end, for its last counts.
    """
    out = stream or sys.stderr
    as_json = style is LogFormat.JSON or (style is LogFormat.AUTO and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = OnceHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redacting(Redactor(secrets)),
                renderer,
            ],
        )
    )
    if isinstance(out, Outlet):
        out.say_dropped = partial(_dropped, handler)
    # A line that cannot be formatted would be printed as it is, with whatever secret is in it.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # It would write down whatever is shown to one person only, credentials included.
    logging.getLogger("slack_sdk.web").setLevel(max(logging.INFO, root.level))
    if level is not LogLevel.DEBUG:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return handler


def _dropped(handler: logging.Handler, lines: int) -> str:
    """The line that tells how many others are missing in its place."""
    words = f"{lines} lines of the process log were dropped: nobody took them"
    return handler.format(logging.LogRecord(__name__, logging.WARNING, "", 0, words, None, None)) + "\n"


def _redacting(redactor: Redactor) -> Processor:
    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> Mapping[str, Any]:
        redacted: dict[str, Any] = redactor.value(line)
        return redacted

    return process
