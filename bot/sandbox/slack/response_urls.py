"""response_urls: secret addresses for answers to an action, valid five times within half an hour.

https://docs.slack.dev/interactivity/handling-user-interaction gives the five uses and thirty minutes.
"""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass

USES = 5
SECONDS = 30 * 60


@dataclass(slots=True)
class ResponseUrl:
    """One issued address: who acted where, when (seconds since the epoch), and how often it was used.

    `message_ts` is the message whose element was used, None for a command.
    """

    url: str
    channel: str
    user: str
    issued: float
    message_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """Every response_url issued so far. `issued` keeps them all, so that a test can look for leaked ones."""

    def __init__(self, clock: Callable[[], float], team_id: str) -> None:
        self.issued: list[str] = []
        self._clock = clock
        self._team_id = team_id
        self._numbers = itertools.count(1_000_000_001)
        self._by_path: dict[str, ResponseUrl] = {}

    def issue(self, origin: str, channel: str, user: str, *, message_ts: str | None = None) -> str:
        kind = "commands" if message_ts is None else "actions"
        path = f"/{kind}/{self._team_id}/{next(self._numbers)}/{secrets.token_urlsafe(18)}"
        response_url = ResponseUrl(origin + path, channel, user, self._clock(), message_ts)
        self._by_path[path] = response_url
        self.issued.append(response_url.url)
        return response_url.url

    def use(self, path: str) -> ResponseUrl | str:
        """Count one use of the address, or return Slack's word for why it no longer works.

        Every post counts, even if its content is then refused: Slack does not document this, and the stricter
        reading is the safe one.
        """
        response_url = self._by_path.get(path)
        if response_url is None:
            return "no_service"
        if self._clock() - response_url.issued >= SECONDS:
            return "expired_url"
        if response_url.uses >= USES:
            return "used_url"
        response_url.uses += 1
        return response_url
