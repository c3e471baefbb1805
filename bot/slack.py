"""The Slack Web API client, and the check at boot that its tokens are good."""

import asyncio
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SettingFault, SettingsError, StartupError
from bot.proxies import proxy_for
from bot.settings import Mode, Settings
from bot.slack_calls import SlackCalls
from bot.slack_errors import SLACK_FAILURES, word_for

CALL_SECONDS = 15.0

_TOKEN_ERRORS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
        "missing_scope",
        "no_permission",
    }
)


@dataclass(frozen=True, slots=True)
class Installation:
    """Who the bot is in its workspace; `socket_url` is where Socket Mode begins, if there is an app token.

    On Enterprise Grid there is an `enterprise_id`; with `is_org_wide` the app is installed for all of it.
    """

    team_id: str
    bot_user_id: str
    bot_id: str | None
    socket_url: str | None
    enterprise_id: str | None = None
    is_org_wide: bool = False


def open_session() -> aiohttp.ClientSession:
    """One session for all calls, with their time limit; a session a call would cost a TLS handshake each.

    Nothing that is called here lives on cookies, and looking for them costs time.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )


def slack_client(settings: Settings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """The client. It makes each call once; `SlackCalls` makes it again."""
    base_url = settings.SLACK_API_URL + "/"
    client = AsyncWebClient(
        token=settings.SLACK_BOT_TOKEN.get_secret_value(),
        base_url=base_url,
        session=session,
        retry_handlers=[],
    )
    client.proxy = proxy_for(base_url)  # its constructor has taken the environment's, NO_PROXY or not
    return client


async def find_installation(client: AsyncWebClient, settings: Settings) -> Installation:
    """Ask Slack who we are, with both tokens at once.

    Raises:
        SettingsError: naming each token that Slack refuses.
        StartupError: Slack cannot be asked.
    """
    calls = SlackCalls()
    identity, socket = await asyncio.gather(
        calls.make(client.auth_test),
        calls.make(lambda: _open_socket(client, settings)),
        return_exceptions=True,
    )
    if isinstance(identity, BaseException) or isinstance(socket, BaseException):
        asked = {"SLACK_BOT_TOKEN": identity, "SLACK_APP_TOKEN": socket}
        raise SettingsError(
            [_fault(name, answer) for name, answer in asked.items() if isinstance(answer, BaseException)]
        )
    return Installation(
        identity["team_id"],
        identity["user_id"],
        identity.get("bot_id"),
        socket,
        enterprise_id=identity.get("enterprise_id"),
        is_org_wide=identity.get("is_enterprise_install") is True,
    )


async def _open_socket(client: AsyncWebClient, settings: Settings) -> str | None:
    if settings.mode is not Mode.SOCKET or not settings.SLACK_APP_TOKEN:
        return None
    answer = await client.apps_connections_open(app_token=settings.SLACK_APP_TOKEN.get_secret_value())
    return str(answer["url"])


def _fault(name: str, error: BaseException) -> SettingFault:
    word = word_for(error)
    if word in _TOKEN_ERRORS:
        return SettingFault(name, f"Slack refuses it ({word}); copy it anew from the app's pages")
    if isinstance(error, SLACK_FAILURES):
        raise StartupError(
            f"Slack cannot be asked who the bot is ({word}).",
            advice="Check this machine's network, its proxy, and SLACK_API_URL.",
        ) from None
    raise error
