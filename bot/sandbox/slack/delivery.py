"""What came of handing a payload to the app, whichever way it went."""

from dataclasses import dataclass
from typing import Any

OPERATION_TIMEOUT = "operation_timeout"
DISPATCH_FAILED = "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The app's acknowledgement (None for an empty one), or Slack's word for why there is none.

    `http_status` is the app's answer to signed HTTP, whatever it was.
    """

    ack: Any = None
    error: str | None = None
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Interacted:
    """What came of something a person did: Slack's word for why it failed, and how long they waited."""

    error: str | None
    milliseconds: float
