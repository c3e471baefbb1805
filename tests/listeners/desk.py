"""The bot with its listeners, fakes of the cloud and the channel, and payloads as Slack sends them."""

import json
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from bot.domain.invocation import Action, Invocation, JobInvocation, JobState, Source, Status
from bot.domain.policy import Policy
from bot.domain.policy_question import Members
from bot.errors import DatabaseUnavailable
from bot.listeners.actions import ACTIONS
from bot.listeners.commands import COMMANDS
from bot.listeners.incoming import Incoming
from bot.listeners.options import OPTIONS
from bot.listeners.pipeline import Pipeline
from bot.listeners.shortcuts import SHORTCUTS
from bot.listeners.use import Services
from bot.listeners.views import VIEWS
from bot.messages.start_form import ROOM_MENU
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.background import Tasks
from bot.slack.errors import Again, SlackFailure
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from tests.fakes import Channel, FakeMetaStudio, an_invocation
from tests.graph import HOME, PATIENCE, a_gate, a_graph
from tests.metastudio.cloud import NOON, Clock, Pauses

MEI = "U0MEI00001"
JONAS = "U0JONAS001"
AVATARS = "C0AVATARS1"

Body = dict[str, Any]


def an_ack() -> AsyncAck:
    """Record a listener's ack."""
    return AsyncAck()  # type: ignore[no-untyped-call]  # slack-bolt's is not annotated


class Windows(AsyncWebClient):
    """A Slack that shows modals and Home tabs and records them, or `refuses` to with this word."""

    refuses: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[dict[str, Any]] = []
        self.published: list[dict[str, Any]] = []

    @override
    async def views_open(self, **arguments: Any) -> Any:
        if self.refuses:
            raise SlackFailure(self.refuses, Again.NEVER)
        self.opened.append(arguments)
        return {"view": {"id": "V1"}}

    @override
    async def views_publish(self, **arguments: Any) -> Any:
        self.published.append(arguments)
        return {"ok": True}

    @override
    async def views_update(self, **arguments: Any) -> Any:
        return {"ok": True}


class Log(Invocations):
    """A database that can be `shut`, so that reads and writes fail. It may also have a bug."""

    shut = False
    broken = False

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("a bug")
        if self.shut:
            raise DatabaseUnavailable(reason(Code.DATABASE_FAILED, why="disk is full"))

    @override
    async def record(
        self, invocation: Invocation, *, unless_duplicate: bool = False, unless_running: bool = False
    ) -> bool:
        self._check()
        return await super().record(
            invocation, unless_duplicate=unless_duplicate, unless_running=unless_running
        )

    @override
    async def get(self, invocation_id: str) -> Invocation | None:
        self._check()
        return await super().get(invocation_id)

    @override
    async def find_start(self, job_id: str) -> JobInvocation | None:
        self._check()
        return await super().find_start(job_id)


@dataclass
class Desk:
    """Sends payloads to the bot. `policy` and `offers_rtc` can be changed at any time."""

    log: Log
    policy: Policy = field(default_factory=Policy)
    members: Members = field(default_factory=dict)
    offers_rtc: bool = True
    cloud: FakeMetaStudio = field(default_factory=FakeMetaStudio)
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
        """End the job, as if the watcher had seen its end."""
        start = await self.log.find_start(job_id)
        assert start is not None
        now = self.clock()
        await Posts(self.log._database).show(start.id, state, "{}", now=now, until=now)

    async def types(self, command: str, text: str = "", **changes: Any) -> Body:
        """Let Mei type a command. Return its ack when the bot has no work left."""
        return await self.hands_over(self.typing(command, text, **changes))

    def typing(self, command: str, text: str = "", **changes: Any) -> Body:
        """Return Slack's payload of a command that Mei types."""
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
        """Deliver a command's payload, perhaps not for the first time."""
        ack = an_ack()
        [command] = [each for each in COMMANDS if each.name == payload["command"]]
        await Pipeline(self.services).listen_to_command(command)(ack, payload)
        return await self._acknowledged(ack)

    async def clicks(self, action_id: str, value: str | None, **changes: Any) -> Body:
        """Let Mei click a button. Return its ack when the bot has no work left."""
        return await self.hands_over_click(action_id, self.clicking(value, **changes))

    def clicking(self, value: str | None, **changes: Any) -> Body:
        """Return Slack's payload of a button that Mei clicks."""
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

    def opening_home(self, user_id: str = MEI, *, tab: str = "home") -> Body:
        """Return Slack's payload of a person who opens the Home tab, or the messages beside it."""
        event = {"type": "app_home_opened", "user": user_id, "channel": "D0MEI", "tab": tab}
        return {"type": "event_callback", "team_id": HOME.team_id, "api_app_id": "A1", "event": event}

    def on_home(self, value: str) -> Body:
        """Return Slack's payload of a button on Mei's Home tab: it names no channel and no address."""
        click = self.clicking(value) | {"view": {"type": "home"}}
        return {name: part for name, part in click.items() if name not in {"channel", "response_url"}}

    def submitting(self, callback_id: str, metadata: str, **typed: str) -> Body:
        """What Slack sends of a modal that Mei submits: the fields by their IDs."""
        values = {name: {name: {"type": "plain_text_input", "value": text}} for name, text in typed.items()}
        return {
            **self._of_mei("view_submission"),
            "trigger_id": f"trigger-{next(self._triggers)}",
            "view": {
                "type": "modal",
                "callback_id": callback_id,
                "private_metadata": metadata,
                "state": {"values": values},
            },
            "response_urls": [],
        }

    def using(self, callback_id: str, channel_id: str | None = None) -> Body:
        """What Slack sends of a shortcut that Mei uses, on a message if there is a channel."""
        payload = {
            **self._of_mei("shortcut"),
            "callback_id": callback_id,
            "trigger_id": f"trigger-{next(self._triggers)}",
        }
        if channel_id is None:
            return payload
        address = "https://hooks.slack.com/app/T/1/x"
        channel = {"id": channel_id, "name": "avatars"}
        return payload | {"type": "message_action", "channel": channel, "response_url": address}

    def searching(self, typed: str, metadata: str = "", **filled: Body) -> Body:
        """What Slack sends while Mei types in the menu of the form."""
        values = {name: {name: state} for name, state in filled.items()}
        return {
            **self._of_mei("block_suggestion"),
            "action_id": ROOM_MENU,
            "block_id": "room",
            "value": typed,
            "view": {"type": "modal", "private_metadata": metadata, "state": {"values": values}},
        }

    async def uses(self, payload: Body) -> Body:
        """Deliver the use of a shortcut. Return its ack when the bot has no work left."""
        ack = an_ack()
        [shortcut] = [each for each in SHORTCUTS if each.callback_id == payload["callback_id"]]
        await Pipeline(self.services).listen_to_shortcut(shortcut)(ack, payload)
        return await self._acknowledged(ack)

    async def searches(self, payload: Body) -> dict[str, list[str]]:
        """Deliver what is typed in a menu. Return the texts of its options by their groups."""
        ack = an_ack()
        [menu] = [each for each in OPTIONS if each.action_id == payload["action_id"]]
        await Pipeline(self.services).listen_to_options(menu)(ack, payload)
        body = await self._acknowledged(ack)
        assert body.get("options", []) == []
        return {
            group["label"]["text"]: [option["text"]["text"] for option in group["options"]]
            for group in body.get("option_groups", [])
        }

    def _of_mei(self, kind: str) -> Body:
        return {
            "type": kind,
            "team": {"id": "T0SANDBOX1", "domain": "sandbox"},
            "enterprise": None,
            "user": {"id": MEI, "team_id": "T0SANDBOX1"},
        }

    async def submits(self, payload: Body) -> Body:
        """Somebody submits a modal; its ack, once the bot has nothing left to do."""
        ack = an_ack()
        [view] = [each for each in VIEWS if each.callback_id == payload["view"]["callback_id"]]
        await Pipeline(self.services).listen_to_view(view)(ack, payload)
        return await self._acknowledged(ack)

    async def hands_over_click(self, action_id: str, payload: Body) -> Body:
        """Deliver a click's payload, perhaps not for the first time."""
        ack = an_ack()
        [button] = [each for each in ACTIONS if each.action_id == action_id]
        await Pipeline(self.services).listen_to_button(button)(ack, payload)
        return await self._acknowledged(ack)

    @property
    def services(self) -> Services:
        """Return the services of the listeners, with the current policy."""
        return replace(
            self.graph.services,
            incoming=self.incoming,
            rtc=self.graph.rtc if self.offers_rtc else None,
            policy=a_gate(self.log, self.policy, self.members),
            late_seconds=self.late_seconds,
        )

    async def _acknowledged(self, ack: AsyncAck) -> Body:
        await self.tasks.idle()
        assert ack.response is not None, "a listener always acknowledges"
        body: Body = json.loads(ack.response.body) if ack.response.body else {}
        return body

    async def rows(self) -> list[Invocation]:
        """Return the invocation log, oldest first, after the stops that starts have asked for."""
        found = [row async for row in self.log.find()]
        return sorted(found, key=lambda row: int(row.id[1:]) if row.id.startswith("i") else 0)

    async def row(self) -> Invocation:
        """Return the newest row."""
        return (await self.rows())[-1]

    def told(self) -> str:
        """Return the only message to a person beside the ack."""
        [message] = self.channel.told
        return message.text


async def a_refused_start(desk: Desk, room_id: str = "lobby", **more: Any) -> str:
    """Let a duplicate be refused. Return the ID of its row, which *Start another* names."""
    number = len(await desk.rows()) + 1000
    refused = an_invocation(
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
