"""IAM's login: a password for a token (POST /v3/auth/tokens)."""

import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.sandbox.metastudio.credentials import Credentials
from bot.sandbox.metastudio.refusals import IAM_BAD_REQUEST, IAM_UNAUTHORISED, RefusedError
from bot.sandbox.metastudio.tokens import Token, Tokens

LOGIN_PATH = "/v3/auth/tokens"

_USER = ("auth", "identity", "password", "user")


class Iam:
    """The login of the account's one user, for its one project."""

    def __init__(self, credentials: Credentials, tokens: Tokens) -> None:
        self._credentials = credentials
        self._tokens = tokens

    def routes(self) -> list[web.RouteDef]:
        """Return the one operation."""
        return [web.post(LOGIN_PATH, self._log_in)]

    async def _log_in(self, request: web.Request) -> web.Response:
        login = _read_login(await request.read())
        self._check_user(login)
        if _text(login, ("auth", "scope", "project", "id")) != self._credentials.project_id:
            raise RefusedError(IAM_UNAUTHORISED, "The user has no access to the project in the scope.")
        token = self._tokens.issue()
        headers = {"X-Subject-Token": token.value}
        return web.json_response(self._body(token), status=201, headers=headers)

    def _check_user(self, login: dict[str, Any]) -> None:
        """Refuse every wrong part with the same answer, as IAM does: it never says which user exists."""
        known = self._credentials
        parts = (
            (_text(login, (*_USER, "name")), known.iam_user),
            (_text(login, (*_USER, "password")), known.iam_password),
            (_text(login, (*_USER, "domain", "name")), known.iam_domain),
        )
        if not all(hmac.compare_digest(_bytes(sent), _bytes(right)) for sent, right in parts):
            raise RefusedError(IAM_UNAUTHORISED, "The username or password is wrong.")

    def _body(self, token: Token) -> dict[str, Any]:
        """Return the body; its catalogue is always empty, as with `nocatalog=true`."""
        domain = {"name": self._credentials.iam_domain}
        return {
            "token": {
                "methods": ["password"],
                "issued_at": _iam_time(token.issued_at),
                "expires_at": _iam_time(token.expires_at),
                "user": {"name": self._credentials.iam_user, "domain": domain},
                "project": {"id": self._credentials.project_id, "domain": domain},
                "roles": [],
                "catalog": [],
            }
        }


def _read_login(body: bytes) -> dict[str, Any]:
    try:
        login = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(IAM_BAD_REQUEST, "The request body is not JSON.") from None
    if not isinstance(login, dict):
        raise RefusedError(IAM_BAD_REQUEST, "The request body is not a JSON object.")
    return login


def _text(login: dict[str, Any], path: Sequence[str]) -> str:
    """Return the text at a path in the login."""
    value: Any = login
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise RefusedError(IAM_BAD_REQUEST, f"{'.'.join(path)} is missing or not a string.")
    return value


def _bytes(text: str) -> bytes:
    """Encode text that may hold lone surrogates: JSON allows them, plain UTF-8 does not."""
    return text.encode("utf-8", "surrogatepass")


def _iam_time(moment: float) -> str:
    """Format Unix seconds as IAM does: `2020-01-04T09:05:22.701000Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
