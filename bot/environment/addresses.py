"""Hosts and addresses in settings: which can be used, and used safely. Pure."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.?|\[[0-9A-Fa-f:.]+\]")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?")
_ADDRESS = re.compile(r"[!-\[\]-~]+")  # printable ASCII without a backslash


def is_host(value: str) -> bool:
    """Whether it is an IP address or a host name, without brackets and without a port."""
    return _is_ip_address(value) or bool(_HOST_NAME.fullmatch(value))


def is_safe_address(value: str) -> bool:
    """Whether it is a plain https:// address, or an http:// one of this machine."""
    try:
        url = urlsplit(value)
        host = url.netloc.rpartition("@")[2].removesuffix(f":{url.port}")
        named = bool(_ADDRESS.fullmatch(value) and _HOST.fullmatch(host)) and url.port != 0
    except ValueError:
        return False
    secure = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    return named and secure and not (url.query or url.fragment or "@" in url.netloc)


def _is_ip_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
