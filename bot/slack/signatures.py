"""Check Slack's signatures on HTTP requests, and warn in the process log about refused ones.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import structlog

MOST_SECONDS = 300
"""The most seconds that a request's timestamp may lie in the past or in the future."""

WARN_EVERY_SECONDS = 60.0

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

_log = structlog.get_logger()


class Fault(StrEnum):
    """The reason why a request is refused."""

    UNSIGNED = "unsigned"
    MISMATCH = "mismatch"
    STALE = "stale"


_EVENTS = {
    Fault.UNSIGNED: "requests without Slack's signature were refused",
    Fault.MISMATCH: "requests whose signature does not match SLACK_SIGNING_SECRET were refused",
    Fault.STALE: "requests whose timestamp is too far from this machine's clock were refused",
}

_ADVICE = {
    Fault.UNSIGNED: "If commands go unanswered, a proxy removes the X-Slack-* headers.",
    Fault.MISMATCH: "If commands go unanswered, copy SLACK_SIGNING_SECRET again from the app's pages.",
    Fault.STALE: "If commands go unanswered, set this machine's clock (NTP).",
}


class Signatures:
    """A signature check with the app's signing secret, on the raw bytes of the body."""

    def __init__(self, signing_secret: str, *, now: Callable[[], datetime]) -> None:
        self._secret = signing_secret.encode()
        self._now = now
        self._warnings: dict[Fault, float] = {}
        self._refused: Counter[Fault] = Counter()

    def is_genuine(self, body: bytes, timestamps: Sequence[str], signatures: Sequence[str]) -> bool:
        """Return whether Slack signed the request just now. Each header must occur exactly once."""
        now = self._now().timestamp()
        fault, ahead = self._look(body, timestamps, signatures, now)
        if fault is None:
            return True
        self._warn(fault, ahead, now)
        return False

    def _look(
        self, body: bytes, timestamps: Sequence[str], signatures: Sequence[str], now: float
    ) -> tuple[Fault | None, float]:
        """Return the fault, if any, and how many seconds the timestamp is ahead of our clock."""
        match timestamps, signatures:
            case [timestamp], [signature] if _TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(
                signature
            ):
                ahead = int(timestamp) - now
                signed = hmac.new(
                    self._secret, f"v0:{timestamp}:".encode() + body, hashlib.sha256
                ).hexdigest()
                if not hmac.compare_digest(f"v0={signed}", signature):
                    return Fault.MISMATCH, ahead
                return (Fault.STALE if abs(ahead) > MOST_SECONDS else None), ahead
            case _:
                return Fault.UNSIGNED, 0

    def _warn(self, fault: Fault, ahead: float, now: float) -> None:
        """Log a fault at most once a minute, with the number of refused requests since."""
        self._refused[fault] += 1
        if abs(now - self._warnings.get(fault, float("-inf"))) < WARN_EVERY_SECONDS:
            return
        self._warnings[fault] = now
        facts: Mapping[str, object] = (
            {} if fault is Fault.UNSIGNED else {"seconds_ahead_of_this_clock": round(ahead)}
        )
        _log.warning(_EVENTS[fault], refused=self._refused.pop(fault), advice=_ADVICE[fault], **facts)
