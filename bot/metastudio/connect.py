"""Build a client from the settings."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime

import httpx

from bot.metastudio.client import MetaStudio
from bot.metastudio.credentials import AccessKeys, Credentials, IamAccount, IamLogin, ReadyMadeToken
from bot.metastudio.http import Http
from bot.metastudio.signing import AkSkAuth
from bot.metastudio.transport import open_proxied, open_transport
from bot.runtime.rate_limiter import RateLimiter
from bot.settings import Settings

STOPS_PER_SECOND = 3.0
"""MetaStudio takes this many stops a second in Shanghai1, and five in Beijing4."""


@asynccontextmanager
async def open_metastudio(
    settings: Settings, *, now: Callable[[], datetime], transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[MetaStudio]:
    """Open a client with its own connections, and close them at the end."""
    addresses = (settings.METASTUDIO_ENDPOINT, settings.HUAWEICLOUD_SDK_IAM_ENDPOINT)
    proxied = None if transport else open_proxied(*filter(None, addresses))
    async with aclosing(Http(transport or open_transport(), proxied)) as http:
        yield MetaStudio(
            http,
            _credentials(settings, http, now),
            endpoint=settings.METASTUDIO_ENDPOINT,
            project_id=settings.HUAWEICLOUD_SDK_PROJECT_ID,
            reads=RateLimiter(settings.AVATAR_READS_PER_SECOND),
            stops=RateLimiter(STOPS_PER_SECOND),
            jitter=random.SystemRandom().random,
            now=now,
        )


def _credentials(settings: Settings, http: Http, now: Callable[[], datetime]) -> Credentials:
    project_id = settings.HUAWEICLOUD_SDK_PROJECT_ID
    if settings.HUAWEICLOUD_SDK_AK and settings.HUAWEICLOUD_SDK_SK:
        return AccessKeys(
            AkSkAuth(
                settings.HUAWEICLOUD_SDK_AK,
                settings.HUAWEICLOUD_SDK_SK,
                project_id=project_id,
                security_token=settings.HUAWEICLOUD_SDK_SECURITY_TOKEN,
                now=now,
            )
        )
    if settings.METASTUDIO_AUTH_TOKEN:
        return ReadyMadeToken(settings.METASTUDIO_AUTH_TOKEN)
    if (
        settings.METASTUDIO_IAM_USER
        and settings.METASTUDIO_IAM_PASSWORD
        and settings.METASTUDIO_IAM_DOMAIN
        and settings.HUAWEICLOUD_SDK_IAM_ENDPOINT
    ):
        account = IamAccount(
            settings.METASTUDIO_IAM_USER,
            settings.METASTUDIO_IAM_PASSWORD,
            settings.METASTUDIO_IAM_DOMAIN,
            project_id,
        )
        return IamLogin(http, account, endpoint=settings.HUAWEICLOUD_SDK_IAM_ENDPOINT, now=now)
    raise AssertionError("the settings allow exactly one way of authenticating")
