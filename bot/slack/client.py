"""The Slack Web API client, and the check at boot that its tokens are valid."""

import asyncio
from dataclasses import dataclass, replace

import aiohttp
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.environment.proxies import proxy_for
from bot.errors import SettingFault, SettingsError, StartupError, Unreachable
from bot.slack.calls import failure_of, said_by
from bot.slack.errors import SLACK_FAILURES, TOKEN_ERRORS, Again, reason_for, word_for

CALL_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Installation:
    """The bot's identity in its workspace; `ticket` is the address of a first WebSocket, in Socket Mode.

    `url` is where people see the workspace. On Enterprise Grid there is an `enterprise_id`. With
    `is_org_wide` the app is installed for the whole organization.
    """

    team_id: str
    bot_user_id: str
    bot_id: str | None
    ticket: str | None
    enterprise_id: str | None = None
    is_org_wide: bool = False
    url: str | None = None


def open_session() -> aiohttp.ClientSession:
    """Open one session with a time limit for all calls; one session per call would cost a TLS handshake each.

    No called service needs cookies, and handling them costs time.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )


def slack_client(api_url: str, bot_token: SecretStr, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Create the client. It makes each call once: its caller decides whether and when to retry."""
    base_url = api_url + "/"
    client = AsyncWebClient(
        token=bot_token.get_secret_value(),
        base_url=base_url,
        session=session,
        retry_handlers=[],
    )
    client.proxy = proxy_for(base_url)  # the constructor used the environment's proxy and ignored NO_PROXY
    return client


async def find_installation(client: AsyncWebClient, app_token: str | None) -> Installation:
    """Ask Slack for the bot's identity, with both tokens at the same time.

    Raises:
        SettingsError: it names each token that Slack refuses.
        Unreachable: Slack does not answer, or cannot at the moment.
        StartupError: Slack refuses for another reason.
    """
    identity, ticket = await asyncio.gather(
        _identify(client),
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
    return replace(identity, ticket=ticket)


async def _identify(client: AsyncWebClient) -> Installation:
    identity = await client.auth_test()
    team_id, bot_user_id = said_by(identity, "team_id", "user_id")
    return Installation(
        team_id,
        bot_user_id,
        identity.get("bot_id"),
        ticket=None,
        enterprise_id=identity.get("enterprise_id"),
        is_org_wide=identity.get("is_enterprise_install") is True,
        url=identity.get("url"),
    )


async def open_ticket(client: AsyncWebClient, app_token: str) -> str:
    """Ask for a WebSocket address. It is valid for one connection and for a short time.

    Raises:
        SettingsError: Slack refuses the app token.
        Unreachable: Slack does not answer, or cannot at the moment.
        StartupError: Slack refuses for another reason.
    """
    try:
        answer = await client.apps_connections_open(app_token=app_token)
        return said_by(answer, "url")[0]
    except SLACK_FAILURES as error:
        raise _failure("SLACK_APP_TOKEN", error) from None


async def _no_ticket() -> None:
    """Return no ticket, for HTTP mode."""


def _failure(token: str, error: BaseException) -> BaseException:
    """Convert the failure of a call with this token to an error of ours."""
    word = word_for(error)
    if word in TOKEN_ERRORS:
        return SettingsError(
            [SettingFault(token, f"Slack refuses it ({word}); copy it again from the app's pages")]
        )
    if not isinstance(error, SLACK_FAILURES):
        return error
    message = f"Slack cannot be asked who the bot is: {reason_for(error)}."
    advice = "Check this machine's network, its proxy, and SLACK_API_URL."
    failure = failure_of(error)
    if failure.again is Again.NEVER:
        return StartupError(message, advice=advice)
    return Unreachable(message, advice=advice, retry_after=failure.retry_after or 0)
