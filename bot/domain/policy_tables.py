"""The tables of a policy file. A list that is left out is no rule; an unknown key is an error."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Users = list[Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]]
Groups = list[Annotated[str, Field(pattern=r"^S[A-Z0-9]+$")]]
Channels = list[Annotated[str, Field(pattern=r"^[CDG][A-Z0-9]+$")]]
Rooms = list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]]
Regions = list[Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]]
QuickStarts = list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]]

REMEDIES = {
    "extra_forbidden": "there is no such rule; a policy has ask and admins, "
    "[start] with users, groups, channels, rooms, regions, quick_starts and per_person_and_hour, "
    "[stop] with users, channels and rooms (and groups), [rtc] with the same, "
    "[look] with users and channels (and groups), [quick] with the same, "
    "[deny] and [start.deny], [stop.deny], … with the lists of their action, "
    "and [break_glass] with users and groups",
    "list_type": 'give a list, such as ["U024BE7LH"]',
    "string_type": "put it in quotes",
    "model_type": "this is a table: write [start] or [stop] or [look]",
    "string_pattern_mismatch": "this is no ID of this list; users are U…, groups S…, channels C…, "
    "rooms and regions MetaStudio's, quick starts their names",
    "int_type": "give a whole number, such as 10",
    "greater_than_equal": "give at least 1; `users = []` lets nobody start",
    "string_too_long": "give at most 200 characters",
    "string_too_short": "say whom people are to ask, or leave it out",
}
"""What to do about each kind of mistake. The wrong value itself is never repeated."""


class Table(BaseModel):
    """Any of them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class People(Table):
    """Who: each person by their ID, or all that are in a user group of Slack's at the moment."""

    users: Users | None = None
    groups: Groups | None = None

    @property
    def names_any(self) -> bool:
        """Whether it says something about people."""
        return self.users is not None or self.groups is not None


class WhoAndWhere(People):
    """And in which channel."""

    channels: Channels | None = None


class WithRoom(WhoAndWhere):
    """And in which room of MetaStudio's."""

    rooms: Rooms | None = None


class WithStart(WithRoom):
    """And what only a start has."""

    regions: Regions | None = None
    quick_starts: QuickStarts | None = None


class LookRules(WhoAndWhere):
    """Who may list jobs."""

    deny: WhoAndWhere = WhoAndWhere()


class QuickRules(WhoAndWhere):
    """Who may change quick starts."""

    deny: WhoAndWhere = WhoAndWhere()


class StopRules(WithRoom):
    """Who may stop what."""

    deny: WithRoom = WithRoom()


class RtcRules(WithRoom):
    """Who may see the RTC access of jobs that they did not start."""

    deny: WithRoom = WithRoom()

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        """Without people the other lists would look like rules and do nothing."""
        if not self.names_any and (self.channels is not None or self.rooms is not None):
            raise PydanticCustomError("people", "name users or groups: the rest only narrows what they may")
        return self


class StartRules(WithStart):
    """Who may start what, and how often."""

    deny: WithStart = WithStart()
    per_person_and_hour: int | None = Field(default=None, ge=1)


class Tables(Table):
    """The whole file. `admins` holds people and user groups; `ask` says whom refused people are to ask."""

    ask: str | None = Field(default=None, min_length=1, max_length=200)
    admins: list[Annotated[str, Field(pattern=r"^[UWS][A-Z0-9]+$")]] = []
    deny: WithStart = WithStart()
    start: StartRules = StartRules()
    stop: StopRules = StopRules()
    rtc: RtcRules = RtcRules()
    look: LookRules = LookRules()
    quick: QuickRules = QuickRules()
    break_glass: People = People()

    @property
    def groups(self) -> frozenset[str]:
        """The user groups that it names anywhere."""
        actions = (self.start, self.stop, self.rtc, self.look, self.quick)
        tables: list[People] = [self.deny, self.break_glass, *actions, *(each.deny for each in actions)]
        named = (group for table in tables for group in table.groups or ())
        return frozenset(named) | {each for each in self.admins if each.startswith("S")}
