"""What one person's Home tab shows. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Status
from bot.domain.job_list import JobList
from bot.domain.quick_start import QuickStart
from bot.domain.start_words import typed_name_of
from bot.errors import InvalidArguments, Refused
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

_OPEN = frozenset({Status.RECEIVED, Status.STARTING, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Place:
    """A channel in which a person has started something: a start on Home is announced there."""

    channel_id: str
    kind: ChannelKind


@dataclass(frozen=True, slots=True)
class HomeStart:
    """The value of a *Start* button on Home: which quick start, as it is known in which channel.

    The tab may be hours old, and by then the name may mean another room. `quick_start_id` is the one shown.
    """

    place: Place
    name: str
    quick_start_id: str

    @property
    def value(self) -> str:
        """The value of the button."""
        return f"{self.place.channel_id} {self.place.kind} {self.name} {self.quick_start_id}"

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the value of a button.

        Raises:
            InvalidArguments: it names nothing that can be started.
        """
        try:
            channel_id, kind, name, quick_start_id = value.split()
            return cls(Place(channel_id, ChannelKind(kind)), name, quick_start_id)
        except ValueError:
            raise InvalidArguments(reason(Code.QUICK_START_UNKNOWN, word=value)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTab:
    """The content of the tab.

    `jobs` are the running jobs, unless a rule refuses to show them. `starts` are the quick starts that the
    person may use; they need a channel, so there are none where `has_place` is False. `uses` are the last
    uses, the newest first.
    """

    jobs: JobList | None
    refusal: Refused | None = None
    starts: Sequence[tuple[QuickStart, HomeStart]] = ()
    has_place: bool = True
    uses: Sequence[Invocation] = ()

    @property
    def may_change(self) -> dict[str, tuple[Status, JobState | None]]:
        """Return the rows on the tab that may still change, as they are now."""
        listed = (*self.jobs.under_way, *self.jobs.unknown) if self.jobs else ()
        return {row.id: standing_of(row) for row in (*listed, *self.uses) if _may_change(row)}


def standing_of(row: Invocation) -> tuple[Status, JobState | None]:
    """Return where a use and its job stand."""
    return row.status, row.job.state if row.job else None


def _may_change(row: Invocation) -> bool:
    state = row.job.state if row.job else None
    return row.status in _OPEN or (state is not None and not state.is_over)


def as_seen(uses: Iterable[Invocation], starts: Iterable[Invocation]) -> list[Invocation]:
    """Return a person's uses, without the rooms of jobs whose starts they may not see.

    Args:
        starts: the starts of these jobs.
    """
    started = {start.job.job_id: start for start in starts if start.job}
    return [_without_room(use) if _is_hidden(started, use) else use for use in uses]


def _is_hidden(started: Mapping[str, Invocation], use: Invocation) -> bool:
    start = started.get(use.job.job_id) if use.job else None
    return start is not None and not start.is_visible_to(use)


def _without_room(use: Invocation) -> Invocation:
    return replace(use, request=None, room_name=None)


def places_of(starts: Iterable[Invocation]) -> list[Place]:
    """Return the channels of a person's starts, the newest first. Direct messages are none."""
    kinds: dict[str, ChannelKind] = {}
    for row in starts:
        channel_id, kind = row.origin.channel_id, row.origin.channel_kind
        if channel_id and kind and kind is not ChannelKind.DIRECT:
            kinds.setdefault(channel_id, kind)
    return [Place(channel_id, kind) for channel_id, kind in kinds.items()]


def home_starts(
    starts: Sequence[Invocation], known: Sequence[QuickStart]
) -> Iterator[tuple[QuickStart, HomeStart]]:
    """Yield the quick starts for one person's Home, each with the channel in which its start is announced.

    Those of a channel are for people who have started one of them there, or used `/avatar quick` there. Those
    of all channels are announced in the channel that the person used last. One is left out if that channel
    has its own one of this name.

    Args:
        starts: the person's last starts and uses of `/avatar quick`, the newest first.
        known: the quick starts of everywhere, and of the channels of these starts.
    """
    places = places_of(starts)
    names = {place.channel_id: _names(known, place.channel_id) for place in places}
    used = {row.origin.channel_id for row in starts if _uses_one_of(names, row)}
    for place in places:
        if place.channel_id in used:
            for each in _sorted(known, place.channel_id):
                yield each, HomeStart(place, each.name, each.id)
    for place in places[:1]:
        for each in _sorted(known, None):
            if each.name not in names[place.channel_id]:
                yield each, HomeStart(place, each.name, each.id)


def _uses_one_of(names: Mapping[str, set[str]], row: Invocation) -> bool:
    return row.action is Action.QUICK or typed_name_of(row) in names.get(row.origin.channel_id or "", ())


def _names(known: Iterable[QuickStart], channel_id: str) -> set[str]:
    return {each.name for each in known if each.channel_id == channel_id}


def _sorted(known: Iterable[QuickStart], channel_id: str | None) -> list[QuickStart]:
    return sorted(
        (each for each in known if each.channel_id == channel_id), key=lambda quick_start: quick_start.name
    )
