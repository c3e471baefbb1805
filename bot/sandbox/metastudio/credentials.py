"""The credentials that the stand-in accepts."""

import secrets
from dataclasses import dataclass, field


def _made_up(prefix: str, length: int) -> str:
    """Return a prefix followed by capital letters and digits, like a real access key."""
    return prefix + secrets.token_hex(length)[:length].upper()


@dataclass(frozen=True, slots=True)
class Credentials:
    """One made-up cloud account: its keys, its project and its one IAM user.

    Every value that the caller leaves out is made up, so the code contains no working secret. Secrets are
    kept out of `repr`, which ends up in logs and in failing tests.

    With a `security_token` the keys are temporary: `X-Security-Token` must then be sent, match and be signed.
    A `ready_made_token` is accepted like an IAM token issued when the stand-in was created.
    """

    access_key: str = field(default_factory=lambda: _made_up("SANDBOX", 13))
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    security_token: str | None = field(default=None, repr=False)
    project_id: str = field(default_factory=lambda: secrets.token_hex(16))
    iam_user: str = "sandbox-bot"
    iam_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    iam_domain: str = "sandbox"
    ready_made_token: str | None = field(default=None, repr=False)
