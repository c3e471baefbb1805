"""The environment's proxies, read in one place and the same way for Slack and for the cloud.

slack-sdk by itself ignores NO_PROXY. aiohttp would read both (`trust_env`), but passwords from ~/.netrc too,
and an entry there spoils a signed request.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(address: str) -> str | None:
    """The proxy through which to reach an address, as a URL; None for the direct way."""
    url = urlsplit(address)
    proxy = getproxies().get(url.scheme)
    if not proxy or proxy_bypass(url.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
