"""A room goes by its name; its ID stands where it has none, and in questions."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.arguments import JobRef
from bot.domain.invocation import JobInvocation, JobState
from bot.domain.job import RoomReport, RtcRoomInfo, SmartChatJob
from bot.domain.job_list import JobList
from bot.domain.job_state import JobLife
from bot.errors import JobOver, OutcomeUnknown, Rejected
from bot.messages import words
from bot.messages.announcement import announcement
from bot.messages.details import details
from bot.messages.ended import ended
from bot.messages.jobs import jobs_list
from bot.messages.message import Message
from bot.messages.replies import interrupted, not_started, starting
from bot.messages.rtc_access import access
from bot.messages.stops import not_stopped, over_already, stopped, stopping
from bot.messages.there_already import duplicate, used
from bot.messages.unknown import Look, outcome_unknown, settled_already
from bot.reasons import other
from tests.fakes import changed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LOBBY = "*Lobby kiosk*"
REF = JobRef("lobby", "job-1")


@pytest.fixture
def start(invocation: JobInvocation) -> JobInvocation:
    return changed(invocation, room_id="lobby", room_name="Lobby kiosk", job_id="job-1")


def test_each_message_about_a_room_calls_it_by_its_name(start: JobInvocation) -> None:
    messages = [
        announcement(start, SmartChatJob(job_id="job-1")),
        ended(start, JobLife(JobState.ENDED)),
        jobs_list(JobList(under_way=[start], under_way_total=1), NOON),
        stopping(REF, start.room_name),
        stopped(REF, start.room_name),
        over_already(REF, start.room_name, typed=True),
        starting(start),
        duplicate(start, start),
        used(start, start),
        settled_already(start, start),
        outcome_unknown(start, OutcomeUnknown(other("No answer.")), look=Look()),
        not_started(start, Rejected(other("No."))),
        interrupted(start),
        not_stopped(REF, JobOver(other("No.")), start),
    ]
    for message in messages:
        assert LOBBY in message.text
        assert not message.blocks or LOBBY in str(message.blocks)
    assert LOBBY in str(access(REF, RtcRoomInfo(), NOON, room_name="Lobby kiosk"))
    assert LOBBY in str(details(start))


def test_questions_before_a_button_name_the_room_too(start: JobInvocation) -> None:
    for message in (
        announcement(start, SmartChatJob(job_id="job-1")),
        duplicate(start, start),
    ):
        assert "oom Lobby kiosk (lobby)" in str(message.blocks)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Lobby kiosk", LOBBY),
        ("大厅 · مرحبا", "*大厅 · مرحبا*"),
        (None, "room `lobby`"),
        ("lobby", "room `lobby`"),
        ("", "room `lobby`"),
        (" \t\n", "room `lobby`"),
        ("\u200b\u2060\ufeff\u202e", "room `lobby`"),
        ("\u3164\u2800", "room `lobby`"),
        ("Lobby\nkiosk\x1b[31m\x00", "*Lobby kiosk [31m*"),
        ("\u202eyobbol\u2066", "*yobbol*"),
        ("<!channel> & <@U0MEI00001>", "*&lt;!channel&gt; &amp; &lt;@U0MEI00001&gt;*"),
        ("*bold* ~gone~ `code` _italic_", "*∗bold∗ ∼gone∼ 'code' ˍitalicˍ*"),
        ("lobby_kiosk_1", "*lobby_kiosk_1*"),
        ("x" * 10_000, f"*{'x' * 79}…*"),
        ("half \ud83d surrogate", "*half surrogate*"),
    ],
)
def test_a_name_from_outside_changes_nothing_but_the_name(name: str | None, shown: str) -> None:
    assert words.room("lobby", name) == shown
    assert words.room("lobby", RoomReport.model_validate({"room_name": name}).name) == shown


@pytest.mark.parametrize("name", [7, 1.5, True, ["Lobby"], {"a": 1}])
def test_a_name_that_is_no_text_does_no_harm(name: Any) -> None:
    shown = words.room("lobby", RoomReport.model_validate({"room_name": name}).name)
    assert shown in {"room `lobby`", f"*{name}*"}


@given(st.text(max_size=400))
def test_whatever_a_room_is_called_it_is_on_one_line_and_within_a_length(name: str) -> None:
    shown = words.room("lobby", name)
    assert len(shown.splitlines()) == 1
    assert len(shown) <= 100
    assert shown.endswith(("`lobby`", ""))
    assert not set(shown) & set("<>")


def test_long_names_leave_messages_within_slacks_limits(
    start: JobInvocation, wrong_with: Callable[[Message], list[str]]
) -> None:
    named = changed(start, room_name="&" * 10_000, room_id="r" * 64, job_id="j" * 128)
    for message in (
        announcement(named, SmartChatJob(job_id=named.job.job_id)),
        jobs_list(JobList(under_way=[named] * 45, under_way_total=60), NOON),
        duplicate(named, named),
        outcome_unknown(named, OutcomeUnknown(other("No answer.")), look=Look()),
    ):
        assert wrong_with(message) == []
