"""The bot behind its listeners, with the cloud and the channel played, and payloads as Slack sends them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from bot.domain.invocation import Action, Invocation, JobState, Source, StartRequest, Status
from bot.domain.job import JobReport, SmartChatJob
from bot.domain.policy import Policy
from bot.errors import Answer, DatabaseUnavailable
from bot.listeners.actions import ACTIONS
from bot.listeners.commands import COMMANDS
from bot.listeners.incoming import Incoming
from bot.listeners.pipeline import Pipeline
from bot.listeners.use import Services
from bot.metastudio.client import Started
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.background import Tasks
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from tests.fakes import Channel, FakeMetaStudio
from tests.graph import HOME, PATIENCE, a_graph
from tests.metastudio.cloud import NOON, Clock, Pauses

if TYPE_CHECKING:
    from asyncio import Event

MEI = "U0MEI00001"
JONAS = "U0JONAS001"
AVATARS = "C0AVATARS1"

Body = dict[str, Any]


def an_ack() -> AsyncAck:
    """Keeps what a listener answers."""
    return AsyncAck()  # type: ignore[no-untyped-call]  # slack-bolt's is not annotated


class Cloud(FakeMetaStudio):
    """Takes whatever it is asked for; each start makes another job."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.started: list[StartRequest] = []
        self.stopped: list[str] = []
        self.jobs: list[JobReport] = []
        self.gate: Event | None = None
        self.failure: Exception | None = None

    @override
    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        self.calls.append("start")
        await self._answer()
        self.started.append(request)
        return Started(SmartChatJob(job_id=f"job-{len(self.started)}"), Answer(http_status=202))

    @override
    async def stop(self, room_id: str, job_id: str, *, app_user_id: str, seconds: float) -> Answer:
        self.calls.append("stop")
        await self._answer()
        self.stopped.append(job_id)
        return Answer(http_status=200)

    async def _answer(self) -> None:
        """Wait for the gate, if there is one; then fail, if a test wants that."""
        if self.gate:
            await self.gate.wait()
        if self.failure:
            raise self.failure

    @override
    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        self.calls.append("state")
        return JobReport(state="PROCESSING")

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        self.calls.append("jobs")
        return tuple(self.jobs)


class Windows(AsyncWebClient):
    """A Slack that opens modals, and shows them."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[dict[str, Any]] = []

    @override
    async def views_open(self, **arguments: Any) -> Any:
        self.opened.append(arguments)
        return {"view": {"id": "V1"}}

    @override
    async def views_update(self, **arguments: Any) -> Any:
        return {"ok": True}


class Log(Invocations):
    """A log that can be shut: then it neither takes a row nor shows one. It may also have a bug."""

    shut = False
    broken = False

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("a bug")
        if self.shut:
            raise DatabaseUnavailable(reason(Code.DATABASE_FAILED, why="disk is full"))

    @override
    async def record(self, invocation: Invocation, *, unless_duplicate: bool = False) -> bool:
        self._check()
        return await super().record(invocation, unless_duplicate=unless_duplicate)

    @override
    async def get(self, invocation_id: str) -> Invocation | None:
        self._check()
        return await super().get(invocation_id)

    @override
    async def find_start(self, job_id: str) -> Invocation | None:
        self._check()
        return await super().find_start(job_id)


@dataclass
class Desk:
    """Where uses of the bot come in. `policy` and `offers_rtc` can be changed at any time."""

    log: Log
    policy: Policy = field(default_factory=Policy)
    offers_rtc: bool = True
    cloud: Cloud = field(default_factory=Cloud)
    channel: Channel = field(default_factory=Channel)
    slack: Windows = field(default_factory=Windows)
    tasks: Tasks = field(default_factory=Tasks)
    clock: Clock = field(default_factory=Clock)
    late_seconds: float = PATIENCE

    def __post_init__(self) -> None:
        log, clock, cloud = self.log, self.clock, self.cloud
        ids, self._triggers = count(1), count(1)
        graph = a_graph(
            log,
            delivery=self.channel,
            metastudio=cloud,
            slack=self.slack,
            tasks=self.tasks,
            now=clock,
            sleep=Pauses(),
        )
        self.graph, self.claims, self.stops = graph, graph.claims, graph.stops
        self.incoming = Incoming(graph.acceptance, clock, lambda: f"i{next(ids)}", HOME)

    async def ends(self, job_id: str, state: JobState) -> None:
        """The job is over, and whoever follows it has seen that."""
        start = await self.log.find_start(job_id)
        assert start is not None
        now = self.clock()
        await Posts(self.log._database).show(start.id, state, "{}", now=now, until=now)

    async def types(self, command: str, text: str = "", **changes: Any) -> Body:
        """Mei types a command; its ack, once the bot has nothing left to do."""
        return await self.hands_over(self.typing(command, text, **changes))

    def typing(self, command: str, text: str = "", **changes: Any) -> Body:
        """What Slack sends of a command that Mei types."""
        payload = {
            "command": command,
            "text": text,
            "team_id": "T0SANDBOX1",
            "enterprise_id": "E0SANDBOX1",
            "channel_id": AVATARS,
            "channel_name": "avatars",
            "user_id": MEI,
            "trigger_id": f"trigger-{next(self._triggers)}",
            "response_url": "https://hooks.slack.com/commands/T/1/x",
        }
        return payload | changes

    async def hands_over(self, payload: Body) -> Body:
        """Slack hands a command over, maybe not for the first time."""
        ack = an_ack()
        [command] = [each for each in COMMANDS if each.name == payload["command"]]
        await Pipeline(self.services).listen_to_command(command)(ack, payload)
        return await self._acknowledged(ack)

    async def clicks(self, action_id: str, value: str | None, **changes: Any) -> Body:
        """Mei clicks a button; its ack, once the bot has nothing left to do."""
        return await self.hands_over_click(action_id, self.clicking(value, **changes))

    def clicking(self, value: str | None, **changes: Any) -> Body:
        """What Slack sends of a button that Mei clicks."""
        action = {"type": "button", "action_id": "a button"} | ({"value": value} if value is not None else {})
        payload = {
            "type": "block_actions",
            "team": {"id": "T0SANDBOX1", "domain": "sandbox"},
            "enterprise": None,
            "channel": {"id": AVATARS, "name": "avatars"},
            "user": {"id": MEI, "team_id": "T0SANDBOX1"},
            "actions": [action],
            "trigger_id": f"trigger-{next(self._triggers)}",
            "response_url": "https://hooks.slack.com/actions/T/1/x",
        }
        return payload | changes

    async def hands_over_click(self, action_id: str, payload: Body) -> Body:
        """Slack hands a click over, maybe not for the first time."""
        ack = an_ack()
        [button] = [each for each in ACTIONS if each.action_id == action_id]
        await Pipeline(self.services).listen_to_button(button)(ack, payload)
        return await self._acknowledged(ack)

    @property
    def services(self) -> Services:
        """What the listeners work with, as things are now."""
        return replace(
            self.graph.services,
            incoming=self.incoming,
            rtc=self.graph.rtc if self.offers_rtc else None,
            policy=self.policy,
            late_seconds=self.late_seconds,
        )

    async def _acknowledged(self, ack: AsyncAck) -> Body:
        await self.tasks.idle()
        assert ack.response is not None, "a listener always acknowledges"
        body: Body = json.loads(ack.response.body) if ack.response.body else {}
        return body

    async def rows(self) -> list[Invocation]:
        """The log, oldest first."""
        found = [row async for row in self.log.find()]
        return sorted(found, key=lambda row: int(row.id.removeprefix("i")))

    async def row(self) -> Invocation:
        """The latest."""
        return (await self.rows())[-1]

    def told(self) -> str:
        """The one thing that a person was told beside an ack."""
        [message] = self.channel.told
        return message.text


async def _at_once() -> None:
    """A turn that comes without a wait."""


async def a_refused_start(desk: Desk, room_id: str = "lobby", **more: Any) -> str:
    """A duplicate that was refused: its row, which *Start another* names."""
    number = len(await desk.rows()) + 1000
    refused = Invocation(
        id=f"i{number}",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.REFUSED,
        user_id=MEI,
        channel_id=AVATARS,
        room_id=room_id,
        **more,
    )
    await desk.log.record(refused)
    return refused.id
