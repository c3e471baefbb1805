"""Authenticate callers of MetaStudio's operations, by signature or by token."""

import hmac
from collections.abc import Callable

from aiohttp import web

from bot.sandbox.metastudio.credentials import Credentials
from bot.sandbox.metastudio.refusals import (
    INVALID_TOKEN,
    SIGNATURE_REFUSED,
    UNAUTHORISED,
    WRONG_PROJECT,
    RefusedError,
)
from bot.sandbox.metastudio.signature import ReceivedRequest, SignatureError, verify
from bot.sandbox.metastudio.tokens import Tokens


class Gate:
    """An authentication check that admits only the one account and its one project."""

    def __init__(self, credentials: Credentials, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._clock = clock

    async def admit(self, request: web.Request) -> None:
        """Return if the request may go on, else raise `RefusedError`.

        If a request has a signature and a token, the signature decides.
        """
        if "Authorization" in request.headers:
            self._check_signature(request, await request.read())
        elif "X-Auth-Token" in request.headers:
            self._check_token(request)
        else:
            raise RefusedError(UNAUTHORISED)
        if request.match_info["project_id"] != self._credentials.project_id:
            raise RefusedError(WRONG_PROJECT)

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = ReceivedRequest(request.method, request.raw_path, headers, body)
        keys = self._credentials
        try:
            verify(received, access_key=keys.access_key, secret_key=keys.secret_key, now=self._clock())
        except SignatureError as error:
            raise RefusedError(SIGNATURE_REFUSED, str(error)) from None
        self._check_security_token(headers.get("x-security-token"))
        if headers.get("x-project-id") != request.match_info["project_id"]:
            raise RefusedError(SIGNATURE_REFUSED, "X-Project-Id is not the project in the path")

    def _check_security_token(self, sent: str | None) -> None:
        expected = self._credentials.security_token
        if expected is None and sent is None:
            return
        if sent is None:
            raise RefusedError(SIGNATURE_REFUSED, "these are temporary keys, X-Security-Token is missing")
        if expected is None or not hmac.compare_digest(_bytes(expected), _bytes(sent)):
            raise RefusedError(SIGNATURE_REFUSED, "X-Security-Token does not belong to the access key")

    def _check_token(self, request: web.Request) -> None:
        if not self._tokens.is_valid(request.headers["X-Auth-Token"]):
            raise RefusedError(INVALID_TOKEN)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
