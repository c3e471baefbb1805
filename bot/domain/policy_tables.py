"""The tables of a policy file. A list that is left out sets no rule; an unknown key is an error."""

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
"""How to correct each kind of mistake. The wrong value is not repeated."""


class Table(BaseModel):
    """A table. Its values are checked strictly."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class People(Table):
    """People by their IDs, and user groups by theirs."""

    users: Users | None = None
    groups: Groups | None = None

    @property
    def names_any(self) -> bool:
        """True if the table has a list of people or of groups."""
        return self.users is not None or self.groups is not None


class WhoAndWhere(People):
    """People and channels."""

    channels: Channels | None = None


class WithRoom(WhoAndWhere):
    """People, channels and rooms."""

    rooms: Rooms | None = None


class WithStart(WithRoom):
    """All lists: people, channels, rooms, and what only starts have."""

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
    """Who may see the RTC access of other people's jobs."""

    deny: WithRoom = WithRoom()

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        """Refuse a table without people: its other lists would have no effect."""
        if not self.names_any and (self.channels is not None or self.rooms is not None):
            raise PydanticCustomError("people", "name users or groups: the rest only narrows what they may")
        return self


class StartRules(WithStart):
    """Who may start what, and how often."""

    deny: WithStart = WithStart()
    per_person_and_hour: int | None = Field(default=None, ge=1)


class Tables(Table):
    """The whole file. `admins` has people and user groups; `ask` tells refused people whom to ask."""

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
    def has_rules(self) -> bool:
        """True if anything is set: without a policy file, nothing is."""
        return self != type(self)()

    @property
    def groups(self) -> frozenset[str]:
        """All user groups that the policy names."""
        actions = (self.start, self.stop, self.rtc, self.look, self.quick)
        tables: list[People] = [self.deny, self.break_glass, *actions, *(each.deny for each in actions)]
        named = (group for table in tables for group in table.groups or ())
        return frozenset(named) | {each for each in self.admins if each.startswith("S")}
