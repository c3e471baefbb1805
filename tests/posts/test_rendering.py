"""What rows tell of a job's life."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.post import Due, Post, Purpose
from bot.messages.words import state
from bot.posts.rendering import life_in
from tests.fakes import an_invocation

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "was stopped after 4 s"), (63, "was stopped after 1 min 3 s"), (None, "was stopped")],
)
def test_a_job_that_never_ran_lasted_since_its_start(seconds: float | None, told: str) -> None:
    start = an_invocation(
        id="i1",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.STARTED,
        user_id="U0MEI00001",
        room_id="lobby",
        job_id="job-1",
        job_state=JobState.STOPPED,
        started_at=NOON,
        ended_at=NOON + timedelta(seconds=4),
    )
    facts = json.dumps({"seconds": seconds})
    post = Post(id="p1", invocation_id="i1", purpose=Purpose.ANNOUNCEMENT, facts=facts, created_at=NOON)
    assert state(life_in(Due(post, start))) == told
