"""Say in a few words why a connection failed, without addresses or passwords."""

import errno
import ssl
from dataclasses import dataclass

import aiohttp

_PROXY = "HTTPS_PROXY"
_CERTIFICATES = "SSL_CERT_FILE"
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")


@dataclass(frozen=True, slots=True)
class Cause:
    """Words that complete "it cannot be reached: …"; `setting` is the one to check, else the address."""

    words: str
    setting: str | None = None


def cause_of(error: BaseException | None, host: str | None = None) -> Cause | None:
    """Return the cause if the error shows one.

    Args:
        host: the host we called; an error about another host is about the proxy.
    """
    found: Cause | None = None
    match error:
        case aiohttp.ClientHttpProxyError(status=407):
            found = Cause("the proxy wants a login (407)", _PROXY)
        case aiohttp.ClientHttpProxyError():
            found = Cause(f"the proxy refused the connection ({error.status})", _PROXY)
        case aiohttp.ClientConnectorCertificateError():
            found = _distrust(error.certificate_error)
        case aiohttp.ClientConnectorSSLError():
            found = Cause(_handshake(error.os_error))
        case aiohttp.ClientConnectorError():
            is_proxy = isinstance(error, aiohttp.ClientProxyConnectionError) or host not in {None, error.host}
            found = _unconnected(error, is_proxy=is_proxy)
        case aiohttp.ConnectionTimeoutError():
            found = Cause("the connection timed out")
        case TimeoutError():
            found = Cause("the answer timed out")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            found = Cause("the connection was lost")
        case _:
            pass
    return found


def _unconnected(error: aiohttp.ClientConnectorError, *, is_proxy: bool) -> Cause:
    setting = _PROXY if is_proxy else None
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        words = "the proxy's name cannot be resolved" if is_proxy else "its name cannot be resolved"
    elif isinstance(error.os_error, ConnectionRefusedError):
        words = "the proxy refused the connection" if is_proxy else "the connection was refused"
    elif isinstance(error.os_error, TimeoutError):
        words = "the connection timed out"
    elif error.os_error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        words = "the network has no route to it"
    else:
        words = "the connection was cut"
    return Cause(words, setting)


def _distrust(error: Exception) -> Cause:
    reason = error.verify_message.rstrip(".") if isinstance(error, ssl.SSLCertVerificationError) else ""
    return Cause(
        f"its certificate is not trusted ({reason})" if reason else "its certificate is not trusted",
        _CERTIFICATES,
    )


def _handshake(error: OSError) -> str:
    reason = getattr(error, "reason", None) or ""
    return "it does not speak TLS there" if reason in _NO_TLS else f"the TLS handshake failed ({reason})"
