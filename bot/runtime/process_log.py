"""The process log: structlog on standard error, with secrets masked in every line, also at DEBUG.

Each value of a line is redacted just before it is rendered, also in lines of libraries. Secrets from the
settings are found by their value. Secrets from outside (a response_url, a signature, a WebSocket ticket) are
found by their form.
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

MAX_CACHED_LENGTH = 64
CACHE_SIZE = 1024
"""Names and values up to MAX_CACHED_LENGTH characters repeat in lines, so this many results are cached."""

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
"""The names of secrets from outside. A longer name counts too if it ends with one of these words."""

_KEY = f"(?:{'|'.join(SECRET_NAMES)})"
_QUOTE = r"""(?:\\{0,8}["']|%22)"""
_ASSIGNS = r"(?:\s|%20|\+)*+(?:[:=]|%3A)(?:\s|%20|\+)*+"
_SLASH = r"(?:\\{0,8}/|%2F)"
_SCHEME = rf"https?(?::|%3A){_SLASH}{{2}}"

_BY_SHAPE = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
    rf"|(?:{_SCHEME})?hooks\.slack[\w.-]*(?:{_SLASH}[\w.-]*)*"
    rf"|(?:{_SCHEME}[\w.:%\[\]-]+?)?{_SLASH}(?:commands|actions|workflows){_SLASH}\w+{_SLASH}\w+{_SLASH}[\w-]+"
    # the signature of a request to the cloud, and its parts alone
    r"|(?<=\bAccess=)[\w+/.-]{8,}|(?<![A-Za-z0-9])[as]k[\"']{0,2}\s*[:=]\s*[\"']?[\w+/=.-]{8,}",
    re.IGNORECASE,
)
_LONG = re.compile(  # hashes and signatures of 256 bits, tokens of many letters, small and capital
    r"(?<![A-Za-z0-9])[0-9A-Fa-f]{64,}(?![A-Za-z0-9])"
    r"|(?<![\w+/=-])(?=[\w+/=-]{80})(?=(?:[^A-Z\s]*[A-Z]){12})(?=(?:[^a-z\s]*[a-z]){12})[\w+/=-]+"
)
_QUOTED = re.compile(  # `token: "…"`, `'token': b'…'`, `(b'Token', b'…')`, at any depth of escaping
    rf"({_KEY}{_QUOTE}?{_ASSIGNS}[\[(]?b?|\(b?{_QUOTE}[\w-]*{_KEY}{_QUOTE},\s*b?)"
    rf"(?P<quote>{_QUOTE})(?:(?!(?P=quote))(?:\\.|.))+",
    re.IGNORECASE,
)
_BARE = re.compile(  # `token=…`, `Authorization: Bearer …`
    rf"({_KEY}{_QUOTE}?{_ASSIGNS}(?!{re.escape(MASK)}|{_QUOTE})[\[(]?)"
    r"""(?:(?:Bearer|Basic|SDK-HMAC-SHA256)\s+)?[^\s"'&,()\[\]{}\\](?:\\/|[^\s"'&)\]}\\])*""",
    re.IGNORECASE,
)
_MAY_HOLD_SECRET = re.compile(
    "|".join(("xox", "xapp", "@", "slack", "commands", "actions", "workflows", "access=", *SECRET_NAMES))
    + r"|(?<![a-z0-9])[as]k[\"'\s:=]|(?<![a-z0-9_+/=-])[a-z0-9_+/=-]{64}"
)
"""Matches lower-case text that may hold a secret. Most text does not, so it skips the slow patterns."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what could steer a terminal
_NAME = re.compile(rf"(?:.*[_-])?{_KEY}", re.IGNORECASE | re.DOTALL)


class Redactor:
    """Masks secrets in text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        written = {form for secret in secrets if len(secret) >= 6 for form in forms(secret)}
        known = sorted(written, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._masked_cached = lru_cache(CACHE_SIZE)(self._masked)
        self._masked_name_cached = lru_cache(CACHE_SIZE)(self._masked_name)

    def __call__(self, text: str) -> str:
        """Return the text with its secrets masked."""
        return self._masked_cached(text) if len(text) <= MAX_CACHED_LENGTH else self._masked(text)

    def _masked(self, text: str) -> str:
        if self._known:
            text = self._known.sub(MASK, text)
        if _has_no_secret_form(text):
            return text
        text = _LONG.sub(MASK, _BY_SHAPE.sub(MASK, text))
        text = _QUOTED.sub(rf"\1\g<quote>{MASK}", text)
        return _BARE.sub(rf"\1{MASK}", text)

    def value(self, value: Any) -> Any:
        """Return a value of any type with its secrets masked. Types that the renderers know are kept."""
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
        read = self._masked_name_cached if len(name) <= MAX_CACHED_LENGTH else self._masked_name
        masked, names_a_secret = read(name)
        return masked, MASK if value and names_a_secret else self.value(value)

    def _masked_name(self, name: str) -> tuple[str, bool]:
        """Return the name with its secrets masked, and True if it is the name of a secret."""
        return self._masked(name), not _has_no_secret_form(name) and bool(_NAME.fullmatch(name))


def _has_no_secret_form(text: str) -> bool:
    """Return True if the text has no secret's form. Non-ASCII text may: `IGNORECASE` matches it."""
    return text.isascii() and not _MAY_HOLD_SECRET.search(text.lower())


def forms(secret: str) -> set[str]:
    """Return a secret as it may be written: plain, in JSON, in Python's repr, in a URL, in a form."""
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
    """Send the process log, with the lines of libraries, to a stream (standard error).

    Close the handler at the end, so that it writes its last counts.
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
    # Otherwise a line that cannot be formatted would be printed unredacted.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # At DEBUG slack_sdk would log messages that only one person may see, even credentials.
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
    """Return a line that says how many lines were dropped at this point."""
    words = f"{lines} lines of the process log were dropped: nobody read them"
    return handler.format(logging.LogRecord(__name__, logging.WARNING, "", 0, words, None, None)) + "\n"


def _redacting(redactor: Redactor) -> Processor:
    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> Mapping[str, Any]:
        redacted: dict[str, Any] = redactor.value(line)
        return redacted

    return process
