"""Results of sending a payload to the app, over either transport."""

from dataclasses import dataclass
from typing import Any

OPERATION_TIMEOUT = "operation_timeout"
DISPATCH_FAILED = "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The app's ack (None for an empty one), or Slack's word for why there is none.

    `http_status` is the app's answer to signed HTTP, whatever it was.
    """

    ack: Any = None
    error: str | None = None
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Interacted:
    """The result of a person's action: Slack's word for a failure, and how long the person waited."""

    error: str | None
    milliseconds: float
