"""The IAM tokens that are valid at the moment."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Token:
    """A token given out. Its value is a credential and stays out of `repr`."""

    value: str = field(repr=False)
    issued_at: float
    expires_at: float
    """Unix seconds, as `issued_at`."""


class Tokens:
    """Gives out tokens, knows which are still good, and takes them all back on demand."""

    def __init__(self, clock: Callable[[], float], lifetime: float, ready_made: str | None = None) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._valid: dict[str, Token] = {}
        if ready_made is not None:
            self._keep(ready_made)

    def issue(self) -> Token:
        """A new token, about 6 KB long as real ones are, which outgrows the usual limits on headers."""
        self._forget_expired()
        return self._keep("MII" + secrets.token_urlsafe(4500))

    def is_valid(self, value: str) -> bool:
        """Whether the token was given out here and has neither expired nor been taken back."""
        token = self._valid.get(value)
        return token is not None and self._clock() < token.expires_at

    def revoke_all(self) -> int:
        """Take back every token, the ready-made one included; returns how many were still good."""
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
