"""Trouble that the whole stand-in can be put in, to see how a client bears it."""

from dataclasses import dataclass
from typing import Any

from bot.sandbox.wishes import optional_number

LONGEST = 24 * 3600
"""Seconds."""


@dataclass(slots=True)
class Trouble:
    """Switches that anybody may set while the stand-in runs. Moments are Unix seconds on its clock.

    The control endpoints keep working throughout, or nobody could end the trouble.
    """

    down_until: float = 0.0
    """Every connection is reset until that moment."""
    throttle_until: float = 0.0
    """Every MetaStudio call is refused as one too many (APIGW.0308) until that moment."""

    def begin(self, wish: dict[str, Any], now: float) -> None:
        """What `{"kind": "down" | "throttle", "seconds": n}` asks for; 0 seconds end the trouble.

        Raises ValueError in words where it cannot be done.
        """
        seconds = optional_number(wish, "seconds")
        if seconds is None or not seconds <= LONGEST:
            raise ValueError(f"seconds must be a number from 0 to {LONGEST}")
        match wish.get("kind"):
            case "down":
                self.down_until = now + seconds
            case "throttle":
                self.throttle_until = now + seconds
            case other:
                raise ValueError(f"kind is down or throttle, not {other!r}")

    def state(self, now: float) -> dict[str, Any]:
        """What is wrong at the moment, and until when (seconds since the epoch, 0 for never)."""
        return {
            "down": self.resets_connections(now),
            "down_until": self.down_until,
            "throttled": self.throttles(now),
            "throttle_until": self.throttle_until,
        }

    def resets_connections(self, now: float) -> bool:
        """Whether the service is down at the moment."""
        return now < self.down_until

    def throttles(self, now: float) -> bool:
        """Whether calls are being throttled at the moment."""
        return now < self.throttle_until
