"""Trouble that the whole stand-in can be put in, to see how a client bears it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Trouble:
    """Switches that anybody may set while the stand-in runs. Moments are Unix seconds on its clock.

    The control endpoints keep working throughout, or nobody could end the trouble.
    """

    down: bool = False
    """Every connection is reset, until it is set back."""
    down_until: float = 0.0
    """Every connection is reset until that moment."""
    throttle_until: float = 0.0
    """Every MetaStudio call is refused as one too many (APIGW.0308) until that moment."""

    def resets_connections(self, now: float) -> bool:
        """Whether the service is down at the moment."""
        return self.down or now < self.down_until

    def throttles(self, now: float) -> bool:
        """Whether calls are being throttled at the moment."""
        return now < self.throttle_until
