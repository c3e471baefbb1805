"""Stand-ins for the bot's own objects, shared by tests."""

from datetime import timedelta

from typing_extensions import override

from bot.durable.accept import Acceptance
from bot.durable.claims import Claims
from bot.metastudio.client import MetaStudio
from bot.runtime.background import Tasks
from bot.store.invocations import Invocations
from tests.metastudio.cloud import Pauses

PATIENCE = 60.0
"""Seconds. A busy machine is no slow log: where a test is not about time, no limit of Slack's is met."""


class FakeMetaStudio(MetaStudio):
    """A client that has learnt nothing from answers. Each test plays the calls that it needs."""

    @property
    @override
    def clock_offset(self) -> timedelta | None:
        return None

    @override
    def seen_in(self, room_id: str) -> frozenset[str]:
        return frozenset()


def patient_acceptance(log: Invocations, tasks: Tasks, claims: Claims) -> Acceptance:
    """An acceptance that waits for the log as long as it takes, and for nothing else."""
    return Acceptance(log, tasks, claims, seconds=PATIENCE, ask_seconds=PATIENCE, sleep=Pauses())
