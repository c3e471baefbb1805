"""The Slack Web API client, and the check at boot that its tokens are good."""

import asyncio
from dataclasses import dataclass

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SettingFault, SettingsError, StartupError, Unreachable
from bot.proxies import proxy_for
from bot.settings import Settings
from bot.slack_errors import SLACK_FAILURES, TOKEN_ERRORS, is_passing, reason_for, retry_after, word_for

CALL_SECONDS = 15.0
RATE_LIMIT_RETRIES = 5
SERVER_ERROR_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Installation:
    """Who the bot is in its workspace; `ticket` is the address of a first WebSocket, in Socket Mode."""

    team_id: str
    bot_user_id: str
    bot_id: str | None
    ticket: str | None


def open_session() -> aiohttp.ClientSession:
    """One session for all calls, with their time limit; a session a call would cost a TLS handshake each.

    Nothing that is called here lives on cookies, and looking for them costs time.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )


def slack_client(settings: Settings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """The client. It retries what Slack throttled, or could not do at that moment (500, 503).

    After a lost connection it does not: then a post has mostly been made, and would appear twice.
    """
    base_url = settings.SLACK_API_URL + "/"
    client = AsyncWebClient(
        token=settings.SLACK_BOT_TOKEN.get_secret_value(),
        base_url=base_url,
        session=session,
        retry_handlers=[
            AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES),
            AsyncServerErrorRetryHandler(max_retry_count=SERVER_ERROR_RETRIES),
        ],
    )
    client.proxy = proxy_for(base_url)  # its constructor has taken the environment's, NO_PROXY or not
    return client


def single_try_client(client: AsyncWebClient) -> AsyncWebClient:
    """The same client without retries of its own, for those who pause and try again themselves."""
    single = AsyncWebClient(
        token=client.token, base_url=client.base_url, session=client.session, retry_handlers=[]
    )
    single.proxy = client.proxy
    return single


def trying_once(client: AsyncWebClient) -> AsyncWebClient:
    """The same client without retries of its own, for those who pause and try again themselves."""
    once = AsyncWebClient(
        token=client.token, base_url=client.base_url, session=client.session, retry_handlers=[]
    )
    once.proxy = client.proxy
    return once


async def find_installation(client: AsyncWebClient, app_token: str | None) -> Installation:
    """Ask Slack who we are, with both tokens at once.

    Raises:
        SettingsError: naming each token that Slack refuses.
        Unreachable: Slack does not answer, or cannot at the moment.
        StartupError: Slack refuses for another reason.
    """
    identity, ticket = await asyncio.gather(
        client.auth_test(),
        _no_ticket() if app_token is None else open_ticket(client, app_token),
        return_exceptions=True,
    )
    failures = [
        _failure(name, answer)
        for name, answer in (("SLACK_BOT_TOKEN", identity), ("SLACK_APP_TOKEN", ticket))
        if isinstance(answer, BaseException)
    ]
    if faults := [
        fault for failure in failures if isinstance(failure, SettingsError) for fault in failure.faults
    ]:
        raise SettingsError(faults)
    if isinstance(identity, BaseException) or isinstance(ticket, BaseException):
        raise failures[0]
    return Installation(identity["team_id"], identity["user_id"], identity.get("bot_id"), ticket)


async def open_ticket(client: AsyncWebClient, app_token: str) -> str:
    """A WebSocket address of Slack's. It is good for one connection, and only for a short time.

    Raises:
        SettingsError: Slack refuses the app token.
        Unreachable: Slack does not answer, or cannot at the moment.
        StartupError: Slack refuses for another reason.
    """
    try:
        answer = await client.apps_connections_open(app_token=app_token)
        return str(answer["url"])
    except SLACK_FAILURES as error:
        raise _failure("SLACK_APP_TOKEN", error) from None


async def _no_ticket() -> None:
    """In HTTP mode there is none."""


def _failure(token: str, error: BaseException) -> BaseException:
    """What a call with a token has failed with, as an error of ours."""
    word = word_for(error)
    if word in TOKEN_ERRORS:
        return SettingsError(
            [SettingFault(token, f"Slack refuses it ({word}); copy it anew from the app's pages")]
        )
    if not isinstance(error, SLACK_FAILURES):
        return error
    message = f"Slack cannot be asked who the bot is: {reason_for(error)}."
    advice = "Check this machine's network, its proxy, and SLACK_API_URL."
    if is_passing(error):
        return Unreachable(message, advice=advice, retry_after=retry_after(error))
    return StartupError(message, advice=advice)
