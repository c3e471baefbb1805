"""Slack's Web API and its response_urls. A post that contains a job ID is an announcement."""

import json
from collections import Counter
from collections.abc import Callable

from bench.identifiers import IN_JOB
from bench.wire.server import Answer, Request, rendered

TEAM = "T0BENCH001"
CHANNEL = "C0BENCH001"
USER = "U0BENCH001"
BOT_USER = "U0BENCHBOT"


def _ok(**facts: object) -> Answer:
    return Answer(rendered("200 OK", json.dumps({"ok": True, **facts}).encode()))


_TS = "1790000000.000100"
_WHO = _ok(
    url="https://bench.slack.example/",
    team="Bench",
    user="avatar",
    team_id=TEAM,
    user_id=BOT_USER,
    bot_id="B0BENCH001",
    is_enterprise_install=False,
)
_POSTED = _ok(
    channel=CHANNEL,
    ts=_TS,
    message={"type": "message", "user": BOT_USER, "bot_id": "B0BENCH001", "ts": _TS, "text": "…"},
)
_POSTED_FOR_ONE = _ok(message_ts=_TS)
_EDITED = _ok(channel=CHANNEL, ts=_TS, text="…")
_TAKEN = _ok()
_POSTS = {b"chat.postMessage": _POSTED, b"chat.postEphemeral": _POSTED_FOR_ONE}
_ANSWERS = {b"auth.test": _WHO, b"chat.update": _EDITED}
_NO_SUCH_METHOD = Answer(rendered("200 OK", b'{"ok":false,"error":"unknown_method"}'))


class Slack:
    """The answers to requests; `announced` is called with the number of each announcement; `calls` counts."""

    def __init__(self, announced: Callable[[int], None]) -> None:
        self._announced = announced
        self._socket = _NO_SUCH_METHOD
        self.calls: Counter[str] = Counter()

    def invite_to(self, socket_url: str) -> None:
        """Set the address of Socket Mode."""
        self._socket = _ok(url=socket_url)

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        method = request.target.partition(b"?")[0].rpartition(b"/")[2]
        if method in _POSTS or request.target.startswith(b"/response/"):
            self._take(request)
            return _POSTS.get(method, _TAKEN)
        if method == b"chat.update":
            self.calls["edits"] += 1
        return self._socket if method == b"apps.connections.open" else _ANSWERS.get(method, _NO_SUCH_METHOD)

    def _take(self, request: Request) -> None:
        self.calls["posts"] += 1
        job = IN_JOB.search(request.body)
        if job is not None:
            self._announced(int(job[1]))
