"""Check requests signed with an access key: the algorithm SDK-HMAC-SHA256.

It was written independently from Huawei Cloud's API signing guide. A mistake in a client's signing therefore
fails here as in the cloud, instead of being made twice.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
LARGEST_CLOCK_DIFFERENCE = 15 * 60
"""The largest difference in seconds between `X-Sdk-Date` and the cloud's clock that the gateway accepts."""

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Access=(?P<access_key>[^,\s]+), *"
    r"SignedHeaders=(?P<signed_headers>[^,\s]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


class SignatureError(Exception):
    """An invalid signature; the text says what failed and holds no secret."""


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """The parts of a request that a signature covers, as received; header names in lower case."""

    method: str
    target: str
    """Path and query, still percent-encoded."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Claim:
    """The content of the Authorization header."""

    access_key: str
    signed_headers: tuple[str, ...]
    signature: str


def verify(received: ReceivedRequest, *, access_key: str, secret_key: str, now: float) -> None:
    """Raise `SignatureError` unless the request was signed with these keys, about now (Unix seconds)."""
    claim = _read_claim(received.headers.get("authorization", ""))
    date = received.headers.get("x-sdk-date", "")
    _check_date(date, now)
    _check_signed_headers(claim.signed_headers, received.headers)
    if claim.access_key != access_key:
        raise SignatureError("the access key does not exist")
    expected = _signature(canonical_request(received, claim.signed_headers), date, secret_key)
    if not hmac.compare_digest(expected, claim.signature):
        raise SignatureError("verify aksk signature fail, the signature does not match the request")


def canonical_request(received: ReceivedRequest, signed_headers: tuple[str, ...]) -> bytes:
    """Return the canonical form that both sides compute: six parts, joined by newlines."""
    path, _, query = received.target.partition("?")
    names = sorted(signed_headers)
    parts = (
        received.method,
        _canonical_path(path),
        _canonical_query(query),
        "".join(f"{name}:{received.headers[name].strip()}\n" for name in names),
        ";".join(names),
        hashlib.sha256(received.body).hexdigest(),
    )
    return _wire_bytes("\n".join(parts))


def _read_claim(authorization: str) -> _Claim:
    found = _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        form = f"{ALGORITHM} Access=…, SignedHeaders=…, Signature=…"
        raise SignatureError(f"the Authorization header does not have the form {form}")
    return _Claim(found["access_key"], tuple(found["signed_headers"].split(";")), found["signature"])


def _check_date(date: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(date, DATE_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureError("X-Sdk-Date is missing or not of the form YYYYMMDDTHHMMSSZ") from None
    if abs(now - signed_at) > LARGEST_CLOCK_DIFFERENCE:
        raise SignatureError("X-Sdk-Date is more than 15 minutes away from the server's clock")


def _check_signed_headers(signed: tuple[str, ...], headers: Mapping[str, str]) -> None:
    """Check that host and date are signed, a security token too if there is one, and that all are present."""
    required = {"host", "x-sdk-date"} | ({"x-security-token"} & headers.keys())
    if unsigned := sorted(required.difference(signed)):
        raise SignatureError(f"not among the signed headers: {', '.join(unsigned)}")
    if absent := sorted(set(signed).difference(headers)):
        raise SignatureError(f"signed but not sent: {', '.join(absent)}")


def _canonical_path(path: str) -> str:
    """Encode each segment again; only the canonical form always ends in a slash."""
    encoded = "/".join(quote(unquote_to_bytes(segment), safe="") for segment in _wire_bytes(path).split(b"/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _canonical_query(query: str) -> str:
    """Encode names and values again, then sort them; `+` in a query means a space."""
    pairs = []
    for pair in _wire_bytes(query).replace(b"+", b" ").split(b"&"):
        name, _, value = pair.partition(b"=")
        if pair:
            pairs.append((quote(unquote_to_bytes(name), safe=""), quote(unquote_to_bytes(value), safe="")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _signature(canonical: bytes, date: str, secret_key: str) -> str:
    """Return the hex HMAC with the secret key itself; other clouds derive a key from it."""
    to_sign = "\n".join((ALGORITHM, date, hashlib.sha256(canonical).hexdigest()))
    return hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _wire_bytes(text: str) -> bytes:
    """Return the received bytes: aiohttp passes bytes that are not UTF-8 as surrogates."""
    return text.encode("utf-8", "surrogateescape")
