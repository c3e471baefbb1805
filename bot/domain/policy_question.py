"""A question to the policy: who wants to do what, and where. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.invocation import Action, Invocation, JobInvocation
from bot.domain.start_words import is_by_name

Members = Mapping[str, AbstractSet[str]]
"""The members of user groups by the IDs of the groups. A group is missing if its members are unknown."""

NO_MEMBERS: Members = MappingProxyType({})


class Act(StrEnum):
    """The kinds of use that the policy tells apart. The values are the names of its tables."""

    START = "start"
    STOP = "stop"
    RTC = "rtc"
    LOOK = "look"
    QUICK = "quick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who wants to do what, and where. If the use is about a job, `is_starter` and the next two tell of it.

    Args:
        is_foreign: the person belongs to another workspace.
        quick_start: the name of the quick start that is started, if it is one.
        is_room_open: the room is not found by its name yet. It is judged when it is found.
        is_starter: the person started the job.
        is_adopted: the job was found after the answer to its start was lost.
        is_hidden: the person may not see the job, so no message names its room.
        at_all: may the person do this in any room and region? Then only the person is judged, and the channel
            if it is known.
    """

    act: Act
    user_id: str
    channel_id: str | None = None
    is_foreign: bool = False
    room_id: str | None = None
    region: str | None = None
    quick_start: str | None = None
    is_room_open: bool = False
    is_starter: bool = False
    is_adopted: bool = False
    is_hidden: bool = False
    at_all: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """A use is allowed: the rule that allows it, and the limit of starts in an hour, if there is one."""

    rule: str
    starts_per_hour: int | None = None


def question_of(
    invocation: Invocation, start: JobInvocation | None = None, quick_start: str | None = None
) -> Question:
    """Return the question that a use of the bot asks."""
    origin, request = invocation.origin, invocation.request
    return Question(
        act=act_of(invocation.action),
        user_id=origin.user_id,
        channel_id=origin.channel_id,
        is_foreign=origin.foreign_team_id is not None,
        room_id=request.room_id if request else None,
        region=request.region if request else None,
        quick_start=quick_start,
        is_room_open=is_by_name(invocation),
        is_starter=start is not None and start.origin.user_id == origin.user_id,
        is_adopted=start is not None and start.job.adopted_at is not None,
        is_hidden=start is not None and not start.is_visible_to(invocation),
        at_all=invocation.action is Action.FORM,
    )


def act_of(action: Action) -> Act:
    """Return what the policy calls an action."""
    match action:
        case Action.START | Action.LOOK | Action.ADOPT | Action.BREAK_GLASS | Action.FORM:
            return Act.START  # all of them may give a job to a start
        case Action.STOP:
            return Act.STOP
        case Action.RTC_ACCESS:
            return Act.RTC
        case Action.JOBS | Action.DETAILS | Action.HELP:
            return Act.LOOK
        case Action.QUICK:
            return Act.QUICK
