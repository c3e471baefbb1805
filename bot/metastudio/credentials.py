"""The three kinds of credentials for MetaStudio. A bot has exactly one.

Credentials
├── AccessKeys       each request is signed with AK and SK
├── ReadyMadeToken   a token from the settings, used until it expires
└── IamLogin         a token from IAM, cached, renewed before it expires and when it is refused
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError
from typing_extensions import override

from bot.errors import CredentialRefused, NotSent, OutcomeUnknown
from bot.metastudio.http import Http
from bot.metastudio.transport import IAM, Reply, exchange
from bot.reasons import ReasonCode as Code
from bot.reasons import because, reason

RENEW_BEFORE_END = timedelta(minutes=5)
DEFAULT_LIFE = timedelta(hours=23)
"""Used if IAM's answer does not say when the token expires. It lives 24 hours (IAM's API reference)."""

_TIME = TypeAdapter(datetime)


class Credentials(ABC):
    """Provides the authentication of the next request."""

    @abstractmethod
    async def auth(self) -> httpx.Auth:
        """Return the authentication to use now.

        Raises:
            NotSent: no token could be fetched at this time.
            CredentialRefused: the login was refused, and trying again will not help.
        """

    def replaces(self, refused: httpx.Auth) -> bool:
        """Return True if the next `auth()` differs from the one that MetaStudio has just refused."""
        del refused
        return False


class AccessKeys(Credentials):
    """Signs with a permanent or temporary access key."""

    def __init__(self, auth: httpx.Auth) -> None:
        self._auth = auth

    @override
    async def auth(self) -> httpx.Auth:
        return self._auth


class TokenAuth(httpx.Auth):
    """Puts a token into X-Auth-Token."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    @override
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Auth-Token"] = self._token.get_secret_value()
        yield request


class ReadyMadeToken(Credentials):
    """Uses a token from the settings."""

    def __init__(self, token: SecretStr) -> None:
        self._auth = TokenAuth(token)

    @override
    async def auth(self) -> httpx.Auth:
        return self._auth


@dataclass(frozen=True, slots=True)
class IamAccount:
    """The account that logs in, and the project to which its token is scoped."""

    user: str
    password: SecretStr
    domain: str
    project_id: str


class IamLogin(Credentials):
    """Logs in to IAM for a token. Only one login runs at a time; the other calls wait for it."""

    def __init__(
        self, http: Http, account: IamAccount, *, endpoint: str, now: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._account = account
        self._url = f"{endpoint}/v3/auth/tokens?nocatalog=true"
        self._now = now
        self._lock = asyncio.Lock()
        self._current: tuple[TokenAuth, datetime] | None = None

    @override
    async def auth(self) -> httpx.Auth:
        async with self._lock:
            if self._current is None or self._now() + RENEW_BEFORE_END >= self._current[1]:
                self._current = await self._log_in()
            return self._current[0]

    @override
    def replaces(self, refused: httpx.Auth) -> bool:
        if self._current is not None and self._current[0] is refused:
            self._current = None
        return True

    async def _log_in(self) -> tuple[TokenAuth, datetime]:
        try:
            reply = await exchange(
                self._http,
                self._http.build_request("POST", self._url, json=self._login_body()),
                service=IAM,
                secrets=(self._account.password.get_secret_value(),),
            )
        except (NotSent, OutcomeUnknown) as error:
            raise NotSent(because(Code.NO_TOKEN, error.reason), answer=error.answer) from None
        token = reply.headers.get("X-Subject-Token")
        if reply.status != 201 or not token or not token.isascii():
            raise _login_failure(reply)
        return TokenAuth(SecretStr(token)), self._expiry_of(reply)

    def _login_body(self) -> dict[str, object]:
        user = {
            "name": self._account.user,
            "password": self._account.password.get_secret_value(),
            "domain": {"name": self._account.domain},
        }
        return {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"id": self._account.project_id}},
            }
        }

    def _expiry_of(self, reply: Reply) -> datetime:
        try:
            end = _TIME.validate_python(reply.body["token"]["expires_at"])
        except (ValidationError, KeyError, TypeError):
            end = self._now() + DEFAULT_LIFE
        return end if end.tzinfo else end.replace(tzinfo=self._now().tzinfo)


def _login_failure(reply: Reply) -> NotSent | CredentialRefused:
    answer = reply.answer
    said = {"status": reply.status, "text": answer.error_msg or None}
    if reply.status in {400, 401, 403}:
        return CredentialRefused(reason(Code.LOGIN_REFUSED, **said), answer=answer)
    return NotSent(reason(Code.NO_TOKEN_IN_ANSWER, **said), answer=answer)
