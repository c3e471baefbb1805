"""The bot's object graph, with fakes for what is outside of it."""

from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.arguments import Regions
from bot.domain.policy import Policy
from bot.domain.policy_question import NO_MEMBERS, Members
from bot.graph import Graph
from bot.jobs.gate import Gate
from bot.jobs.outcome import Outcomes
from bot.slack.client import Installation
from bot.store.invocations import Invocations
from bot.store.start_counts import StartCounts

PATIENCE = 60.0
"""In seconds. A limit that a busy machine never reaches, for tests that are not about time."""

HOME = Installation("T0SANDBOX1", "U0AVATARBOT", "B0AVATARBOT", None, url="https://sandbox.slack.com/")


async def at_once() -> None:
    """Allow a start without a wait."""


def parts_for(log: Invocations, **played: Any) -> dict[str, Any]:
    """Return the arguments of a Graph: the test's fakes, and defaults for the rest."""
    harmless = {
        "database": log._database,
        "invocations": log,
        "slack": AsyncWebClient(),
        "installation": HOME,
        "new_id": lambda: uuid4().hex,
        "acquire": at_once,
        "holder": "this process",
        "regions": Regions(("cn-north-4", "cn-southwest-2")),
        "commit_seconds": PATIENCE,
        "ask_seconds": PATIENCE,
    }
    return harmless | played


def a_gate(log: Invocations, policy: Policy | None = None, members: Members = NO_MEMBERS) -> Gate:
    """The gate before a log, with a policy and who is in its user groups."""

    async def ask(question: Coroutine[Any, Any, int]) -> int:
        return await question

    counts = StartCounts(log._database)
    return Gate(policy or Policy(), members=lambda: members, counts=counts, ask=ask)


def a_graph(log: Invocations, **played: Any) -> Graph:
    """Build the bot. `played` needs at least the delivery, MetaStudio, the tasks and the clock (`now`)."""
    return Graph(**parts_for(log, **played))


async def told_again(outcomes: Outcomes) -> None:
    """Wait until the delivery loop has delivered all posts that are due."""
    await outcomes._posts.deliver_due()
    await outcomes._posts._tasks.idle()
