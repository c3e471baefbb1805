"""Read the environment's proxies in one place, the same way for Slack and for the cloud.

slack-sdk itself ignores NO_PROXY. aiohttp would read both (`trust_env`), but also passwords from ~/.netrc,
and such a password breaks a signed request.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from bot.errors import SettingFault


def proxy_for(address: str) -> str | None:
    """Return the URL of the proxy for an address, or None for a direct connection."""
    url = urlsplit(address)
    proxy = getproxies().get(url.scheme)
    if not proxy or proxy_bypass(url.netloc):
        return None
    return _with_scheme(proxy)


def proxy_faults() -> Iterator[SettingFault]:
    """Yield what is wrong with the environment's proxies; never quote an address: it may hold a password."""
    proxies = getproxies()
    for scheme in ("http", "https"):
        if (proxy := proxies.get(scheme)) and not _is_usable(_with_scheme(proxy)):
            yield SettingFault(f"{scheme.upper()}_PROXY", "give http://host:port, or unset it")


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_usable(proxy: str) -> bool:
    try:
        url = urlsplit(proxy)
        return (
            url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and proxy.isprintable()
        )
    except ValueError:
        return False
