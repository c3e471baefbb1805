"""A button or a command that is declared and listed is gated, logged, acknowledged and answered."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.arguments import refuse_extra_words
from bot.domain.invocation import Action, Invocation, Status
from bot.domain.policy import Policy
from bot.errors import InvalidArguments
from bot.listeners import register
from bot.listeners.actions import ACTIONS
from bot.listeners.commands import COMMANDS
from bot.listeners.pipeline import Pipeline
from bot.listeners.use import Accepted, Button, Command, Subcommand, Use, Wish, about_nothing
from bot.messages.message import Message
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.slack.bolt import bolt_app
from tests.graph import HOME
from tests.listeners.desk import Body, Desk, an_ack

DENIED = Policy.parse("[look]\nusers = []")


@dataclass
class Greeting:
    """A new use of the bot. It records what happens, and if Slack has the ack by then."""

    ack: AsyncAck = field(default_factory=an_ack)
    happened: list[tuple[str, bool]] = field(default_factory=list)
    has_bug: bool = False

    def parse(self, use: Use) -> str:
        if use.invocation.text == "nobody":
            raise InvalidArguments(other("Nobody can be greeted."))
        return use.invocation.text

    async def handle(self, use: Use, wish: Wish) -> Accepted:
        if self.has_bug:
            raise RuntimeError("a bug")
        await use.services.incoming.close(wish.asked, Status.DONE)
        self._note("logged")
        return Accepted(words=Message("Hello."), work=self.work)

    async def work(self) -> None:
        self._note("worked")

    def _note(self, what: str) -> None:
        self.happened.append((what, self.ack.response is not None))

    @property
    def button(self) -> Button[str, Wish]:
        return Button(
            action_id="greet",
            action=Action.JOBS,
            parse=self.parse,
            find=about_nothing,
            handle=self.handle,
            verdict="Nobody was greeted.",
        )

    @property
    def command(self) -> Command:
        greet = Subcommand(
            verb="jobs",
            action=Action.JOBS,
            parse=lambda use: refuse_extra_words(use.words, after="jobs"),
            find=about_nothing,
            handle=self.handle,
            verdict="Nobody was greeted.",
        )
        return Command(
            name="/greet", description="Greet", usage_hint="jobs", action=Action.HELP, subcommands=(greet,)
        )

    async def is_clicked(self, desk: Desk, value: str) -> str:
        """Click it. Return what the person reads, in one message after an empty ack."""
        await Pipeline(desk.services).listen_to_button(self.button)(self.ack, desk.clicking(value))
        await desk.tasks.idle()
        assert self.ack.response is not None
        assert not self.ack.response.body
        return desk.told()

    async def is_typed(self, desk: Desk, text: str) -> str:
        """Type it. Return what the person reads in the ack."""
        payload = desk.typing("/greet", text)
        await Pipeline(desk.services).listen_to_command(self.command)(self.ack, payload)
        await desk.tasks.idle()
        assert self.ack.response is not None
        assert desk.channel.told == []
        return str(json.loads(self.ack.response.body)["text"])


@pytest.fixture
def greeting() -> Greeting:
    return Greeting()


async def the_row(desk: Desk) -> Invocation:
    [row] = await desk.rows()
    return row


async def test_a_click_is_logged_then_acknowledged_then_carried_out(desk: Desk, greeting: Greeting) -> None:
    assert await greeting.is_clicked(desk, "Mei") == "Hello."
    assert greeting.happened == [("logged", False), ("worked", True)]
    row = await the_row(desk)
    assert (row.action, row.status, row.text) == (Action.JOBS, Status.DONE, "Mei")


async def test_a_command_is_logged_then_acknowledged_then_carried_out(desk: Desk, greeting: Greeting) -> None:
    assert await greeting.is_typed(desk, "jobs") == "Hello."
    assert greeting.happened == [("logged", False), ("worked", True)]
    row = await the_row(desk)
    assert (row.action, row.status, row.text) == (Action.JOBS, Status.DONE, "jobs")


async def test_whom_the_policy_denies_it_is_refused_before_anything_happens(
    desk: Desk, greeting: Greeting
) -> None:
    desk.policy = DENIED
    told = await greeting.is_clicked(desk, "Mei")

    assert told.startswith("*Nobody was greeted.* You may not list avatars with this bot.")
    assert greeting.happened == []
    row = await the_row(desk)
    assert (row.action, row.status, row.reason) == (
        Action.JOBS,
        Status.REFUSED,
        reason(Code.PERSON_NOT_ALLOWED, verb="list", rule="[look] users"),
    )


async def test_a_command_is_refused_the_same_way(desk: Desk, greeting: Greeting) -> None:
    desk.policy = DENIED
    told = await greeting.is_typed(desk, "jobs")

    assert told.startswith("*Nobody was greeted.* You may not list avatars with this bot.")
    assert greeting.happened == []
    assert (await the_row(desk)).status is Status.REFUSED


async def test_what_cannot_be_used_is_invalid(desk: Desk, greeting: Greeting) -> None:
    assert "Nobody can be greeted." in await greeting.is_clicked(desk, "nobody")
    assert greeting.happened == []
    assert (await the_row(desk)).status is Status.INVALID


async def test_a_mistyped_command_is_pointed_to_its_own_help(desk: Desk, greeting: Greeting) -> None:
    told = await greeting.is_typed(desk, "job")

    assert "There is no subcommand `job`." in told
    assert "Did you mean `jobs`?" in told
    assert "`/greet help` shows what can be typed." in told
    row = await the_row(desk)
    assert (row.action, row.status) == (Action.HELP, Status.INVALID)


async def test_without_the_log_nothing_happens_and_the_person_is_told(desk: Desk, greeting: Greeting) -> None:
    desk.log.shut = True
    told = await greeting.is_clicked(desk, "Mei")

    assert "The database cannot be used: disk is full." in told
    assert "Nobody was greeted." in told
    assert greeting.happened == []
    assert await desk.rows() == []


@pytest.mark.parametrize("way", [Greeting.is_clicked, Greeting.is_typed], ids=["clicked", "typed"])
async def test_a_bug_is_told_with_the_entry_under_which_it_is_found(
    desk: Desk, greeting: Greeting, way: Any
) -> None:
    greeting.has_bug = True
    told = await way(greeting, desk, "jobs")

    assert "Something went wrong inside the bot" in told
    assert "`i1`" in told
    assert "a bug" not in told


def pressing_greet(desk: Desk) -> Body:
    payload = desk.clicking("Mei")
    payload["actions"][0] |= {"action_id": "greet", "block_id": "b"}
    return payload


@pytest.mark.parametrize(
    "use",
    [lambda desk: desk.typing("/greet", "jobs"), pressing_greet],
    ids=["command", "button"],
)
async def test_to_be_heard_it_takes_a_place_in_the_list(desk: Desk, greeting: Greeting, use: Any) -> None:
    slack = AsyncWebClient("xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    bolt = bolt_app(slack, HOME, lambda: "reference-1")
    register(
        bolt,
        desk.services,
        commands=(*COMMANDS, greeting.command),
        actions=(*ACTIONS, greeting.button),
    )
    response = await bolt.async_dispatch(AsyncBoltRequest(body=use(desk), mode="socket_mode"))
    await desk.tasks.idle()

    assert response.status == 200
    assert [what for what, _ in greeting.happened] == ["logged", "worked"]
