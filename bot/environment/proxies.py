"""The environment's proxies, read in one place and the same way for Slack and for the cloud.

slack-sdk by itself ignores NO_PROXY. aiohttp would read both (`trust_env`), but passwords from ~/.netrc too,
and an entry there spoils a signed request.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from bot.errors import SettingFault


def proxy_for(address: str) -> str | None:
    """The proxy through which to reach an address, as a URL; None for the direct way."""
    url = urlsplit(address)
    proxy = getproxies().get(url.scheme)
    if not proxy or proxy_bypass(url.netloc):
        return None
    return _with_scheme(proxy)


def proxy_faults() -> Iterator[SettingFault]:
    """What is wrong with the environment's proxies; never with their addresses, which may hold a password."""
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
