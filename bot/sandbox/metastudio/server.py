"""The stand-in itself: its parts put together as a web server on this machine."""

import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.sandbox.guard import refuse_strangers
from bot.sandbox.metastudio.calls import Calls, no_calls_yet
from bot.sandbox.metastudio.control import Control
from bot.sandbox.metastudio.credentials import Credentials
from bot.sandbox.metastudio.gate import Gate
from bot.sandbox.metastudio.iam import Iam
from bot.sandbox.metastudio.jobs import Jobs, JobSnapshot
from bot.sandbox.metastudio.middleware import RequestMiddleware
from bot.sandbox.metastudio.smart_chat import Pauses, SmartChat
from bot.sandbox.metastudio.tokens import Tokens
from bot.sandbox.metastudio.trouble import Trouble

_LARGEST_BODY = 1024**2
_LARGEST_HEADER = 64 * 1024
"""Bytes. A token of several kilobytes is sent in one header; aiohttp's default of 8190 is hardly enough."""
_BACKLOG = 1024
"""Connections that may wait to be accepted: with the usual 128, TCP delays a burst of 200 by a second."""
_CLOSING_SECONDS = 0.1
"""Seconds that closing waits for handlers, twice, before it cancels them; some handlers hang on purpose."""


class MetaStudioStandIn:
    """A stand-in for MetaStudio and IAM on one port of this machine. Several can run in one process.

    Args:
        credentials: the one account that it knows.
        clock: returns Unix seconds, for jobs, tokens and signatures.
        pace: multiplies the durations in a job's life: 3 s waiting, then 120 s running.
        answer_seconds: how long every start takes to answer.
        slow_seconds: how much longer the room `slow` takes.
        token_seconds: how long an IAM token is valid.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        clock: Callable[[], float] = time.time,
        pace: float = 1.0,
        answer_seconds: float = 0.0,
        slow_seconds: float = 8.0,
        token_seconds: float = 86400,
    ) -> None:
        self.credentials = credentials
        self.trouble = Trouble(clock)
        self.calls: Calls = no_calls_yet()
        self.starts_received: Counter[str] = Counter()
        self._clock = clock
        self._pauses = Pauses(answer_seconds, slow_seconds)
        self._tokens = Tokens(clock, token_seconds, credentials.ready_made_token)
        self._jobs = Jobs(clock, pace)
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes any free one. Jobs and calls from before an earlier `close` are kept."""
        if self._runner is not None:
            raise RuntimeError("the stand-in is already running")
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            shutdown_timeout=_CLOSING_SECONDS,
            max_line_size=_LARGEST_HEADER,
            max_field_size=_LARGEST_HEADER,
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, host, port, backlog=_BACKLOG).start()
        except OSError:
            await self.close()
            raise
        name, bound_port = self._runner.addresses[0][:2]
        self._url = f"http://[{name}]:{bound_port}" if ":" in name else f"http://{name}:{bound_port}"

    async def close(self) -> None:
        """Stop listening and cut open connections, including those of unanswered calls."""
        runner, self._runner, self._url = self._runner, None, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """The endpoint of MetaStudio, and of IAM too: `http://127.0.0.1:41234`."""
        if self._url is None:
            raise RuntimeError("the stand-in is not running")
        return self._url

    @property
    def jobs(self) -> list[JobSnapshot]:
        """All jobs as they are now, oldest first."""
        return self._jobs.snapshots()

    def latest_jobs(self, count: int) -> list[JobSnapshot]:
        """Return the newest `count` jobs as they are now, oldest first."""
        return self._jobs.snapshots(latest=count)

    @property
    def starts_made(self) -> dict[str, int]:
        """The number of jobs created in each room that has any; `starts_received` counts the calls."""
        return self._jobs.made_by_room()

    @property
    def issued_signatures(self) -> frozenset[str]:
        """Every RTC signature ever made: credentials that must appear nowhere outside the answers."""
        return frozenset(user.signature for job in self._jobs for user in job.rtc_room.users)

    def revoke_tokens(self) -> int:
        """Revoke all tokens, the ready-made one included; return how many were still valid."""
        return self._tokens.revoke_all()

    def _application(self) -> web.Application:
        gate = Gate(self.credentials, self._tokens, self._clock)
        middleware = RequestMiddleware(self.calls, self.starts_received, self.trouble)
        parts = (
            SmartChat(self._jobs, gate, self._pauses, self._clock, self.trouble),
            Iam(self.credentials, self._tokens),
            Control(self._jobs, self.calls, self.starts_received, self._tokens, self.trouble),
        )
        application = web.Application(
            client_max_size=_LARGEST_BODY, middlewares=[refuse_strangers, middleware.handle]
        )
        for part in parts:
            application.add_routes(part.routes())
        return application
