"""The IAM tokens that are valid now."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Token:
    """An issued token. Its value is a credential and stays out of `repr`."""

    value: str = field(repr=False)
    issued_at: float
    expires_at: float
    """In Unix seconds, like `issued_at`."""


class Tokens:
    """Issues tokens, knows which are valid, and revokes them all on request."""

    def __init__(self, clock: Callable[[], float], lifetime: float, ready_made: str | None = None) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._valid: dict[str, Token] = {}
        if ready_made is not None:
            self._keep(ready_made)

    def issue(self) -> Token:
        """Issue a token of about 6 KB; real ones are as long and exceed the usual limits on headers."""
        self._forget_expired()
        return self._keep("MII" + secrets.token_urlsafe(4500))

    def is_valid(self, value: str) -> bool:
        """Return whether the token was issued here and has neither expired nor been revoked."""
        token = self._valid.get(value)
        return token is not None and self._clock() < token.expires_at

    def revoke_all(self) -> int:
        """Revoke every token, the ready-made one included; return how many were still valid."""
        self._forget_expired()
        revoked = len(self._valid)
        self._valid.clear()
        return revoked

    def _keep(self, value: str) -> Token:
        now = self._clock()
        token = Token(value, issued_at=now, expires_at=now + self._lifetime)
        self._valid[value] = token
        return token

    def _forget_expired(self) -> None:
        self._valid = {value: token for value, token in self._valid.items() if self.is_valid(value)}
