"""Which quick starts a person finds on Home, and in which channel each of them is told."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.home_tab import HomeStart, HomeTab, Place, home_starts, places_of
from bot.domain.invocation import Action, ChannelKind, Invocation, JobInvocation, JobState, Source, Status
from bot.domain.job_list import JobList
from bot.domain.quick_start import QuickStart
from bot.errors import InvalidArguments
from tests.fakes import an_invocation
from tests.steps import NOON

LOBBY, STUDIO, DIRECT = "C0LOBBY", "C0STUDIO", "D0MEI"


def start(
    text: str, channel_id: str, kind: ChannelKind | None = ChannelKind.PUBLIC, **more: Any
) -> JobInvocation:
    return an_invocation(
        **{
            "id": "i1",
            "created_at": NOON,
            "action": Action.START,
            "source": Source.COMMAND,
            "status": Status.STARTED,
            "user_id": "U1",
            "channel_id": channel_id,
            "channel_kind": kind,
            "text": text,
            "room_id": "r",
            **more,
        }
    )


def quick_start(name: str, channel_id: str | None = None) -> QuickStart:
    return QuickStart(
        id=f"{name}{channel_id}",
        team_id="T",
        channel_id=channel_id,
        name=name,
        room_id="r",
        user_id="U2",
        created_at=NOON - timedelta(days=9),
    )


def offered(starts: Sequence[Invocation], *known: QuickStart) -> list[str]:
    return [home_start.value.rpartition(" ")[0] for _, home_start in home_starts(starts, known)]


def test_a_channels_quick_starts_are_for_who_has_used_one_there() -> None:
    known = [quick_start("hall", LOBBY), quick_start("atrium", LOBBY), quick_start("secret", STUDIO)]
    used_one = [start("hall cn-north-4", LOBBY), start("24bad716", STUDIO, ChannelKind.PRIVATE)]
    assert offered(used_one, *known) == ["C0LOBBY public atrium", "C0LOBBY public hall"]
    assert offered([start("24bad716", LOBBY)], *known) == []
    assert offered([start("secret", STUDIO, ChannelKind.PRIVATE)], *known) == ["C0STUDIO private secret"]
    asked = start("quick list", STUDIO, ChannelKind.PRIVATE, action=Action.QUICK, room_id=None)
    assert offered([asked], *known) == ["C0STUDIO private secret"]


def test_those_of_everywhere_are_told_in_the_channel_of_the_last_start() -> None:
    starts = [start("r", DIRECT, ChannelKind.DIRECT), start("r", STUDIO), start("r", LOBBY)]
    assert offered(starts, quick_start("hall"), quick_start("own", LOBBY)) == ["C0STUDIO public hall"]
    assert offered([], quick_start("hall")) == []


def test_one_of_everywhere_that_is_hidden_in_that_channel_is_not_offered() -> None:
    assert offered([start("r", STUDIO)], quick_start("hall"), quick_start("hall", STUDIO)) == []


def test_a_channel_of_which_it_is_not_known_who_reads_it_is_no_place() -> None:
    starts = [start("r", LOBBY, None), start("r", STUDIO), start("r", LOBBY)]
    assert places_of(starts) == [Place(STUDIO, ChannelKind.PUBLIC), Place(LOBBY, ChannelKind.PUBLIC)]


@pytest.mark.parametrize("value", ["", "C1 public lobby", "C1 nowhere lobby q1", "C1 public lobby q1 more"])
def test_a_button_that_names_nothing_is_refused(value: str) -> None:
    with pytest.raises(InvalidArguments):
        HomeStart.parse(value)


def test_a_button_says_what_is_started_and_where() -> None:
    wanted = HomeStart(Place(LOBBY, ChannelKind.PRIVATE), "hall", "q1")
    assert HomeStart.parse(wanted.value) == wanted


def test_what_may_still_change_is_remembered() -> None:
    running = start("r", LOBBY, id="running", job_id="j1", job_state=JobState.RUNNING)
    over = start("r", LOBBY, id="over", job_id="j2", job_state=JobState.ENDED)
    stopping = start("r", LOBBY, id="stopping", action=Action.STOP, status=Status.RECEIVED, job_id="j1")
    tab = HomeTab(jobs=JobList(under_way=[running]), uses=[stopping, over])
    assert tab.may_change == {
        "running": (Status.STARTED, JobState.RUNNING),
        "stopping": (Status.RECEIVED, None),
    }
