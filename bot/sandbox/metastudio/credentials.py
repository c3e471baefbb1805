"""What the stand-in accepts as proof of who is calling."""

import secrets
from dataclasses import dataclass, field


def _made_up(prefix: str, length: int) -> str:
    """Some capital letters and digits behind a prefix, as access keys look."""
    return prefix + secrets.token_hex(length)[:length].upper()


@dataclass(frozen=True, slots=True)
class Credentials:
    """One made-up cloud account: its keys, its project and its one IAM user.

    Whatever the caller leaves out is made up afresh, so no secret that works anywhere stands in the code.
    Secrets are kept out of `repr`, which ends up in logs and in failing tests.

    With a `security_token` the keys are temporary ones: `X-Security-Token` must then be sent, match and be
    signed. A `ready_made_token` is accepted like one that IAM gave out when the stand-in was made.
    """

    access_key: str = field(default_factory=lambda: _made_up("SANDBOX", 13))
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    security_token: str | None = field(default=None, repr=False)
    project_id: str = field(default_factory=lambda: secrets.token_hex(16))
    iam_user: str = "sandbox-bot"
    iam_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    iam_domain: str = "sandbox"
    ready_made_token: str | None = field(default=None, repr=False)
