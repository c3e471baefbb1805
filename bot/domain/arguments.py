"""The text after a command, or the value of a button → what was asked for. Pure: no clock, no network.

What Slack and keyboards do to a text is undone first (`typed_text`). Nothing that has not been checked leaves
this module.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.domain.invocation import REGION_NAMES, Invocation, RoomType, StartRequest
from bot.domain.typed_text import words_of
from bot.errors import InvalidArguments
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

MAX_TEXT = 4000
ROOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CLIENT_ID = re.compile(r"[!-~]{1,128}")
JOB_ID = re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,127}")
"""Nothing that means something in a path: no slash, and no `..`, for it does not begin with a dot."""

OPTIONS = ("room_id", "region", "room_type", "client_id")

MOST_MARKS = 150
"""How many jobs a button can name by their marks: Slack takes 2,000 characters."""

_HELP = re.compile(r"-*(?:help|\?)|-+h", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StopWanted:
    """The person wants a job stopped; the room is known to the log where they do not name it."""

    job_id: str
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class JobRef:
    """A job as MetaStudio's paths name it, and as a button carries it: that works without the log."""

    room_id: str
    job_id: str

    @classmethod
    def of(cls, room_id: str | None, job_id: str | None) -> Self | None:
        """The job with these IDs; None where they are missing or cannot stand in a path."""
        if room_id and job_id and ROOM_ID.fullmatch(room_id) and JOB_ID.fullmatch(job_id):
            return cls(room_id, job_id)
        return None

    def as_logged(self, start: Invocation | None) -> "JobRef":
        """The same in the room of the start that made it, whatever room somebody names."""
        return JobRef(start.room_id, self.job_id) if start and start.room_id else self

    def as_told(self, start: Invocation | None, asking: Invocation) -> "JobRef":
        """The same as somebody is told of it: without its room, if they may not read of the job."""
        return JobRef("", self.job_id) if start and not start.is_visible_to(asking) else self

    @property
    def value(self) -> str:
        """What a button carries; `parse_job_value` reads it."""
        return f"{self.room_id} {self.job_id}"


@dataclass(frozen=True, slots=True)
class StartAnyway:
    """What *Start anyway* carries: its row, and marks of the jobs that the person was shown beside it."""

    invocation_id: str
    marks: tuple[str, ...] = ()

    @classmethod
    def beside(cls, invocation_id: str, job_ids: Iterable[str]) -> Self:
        """The button of a message that names these jobs."""
        return cls(invocation_id, tuple(_mark(job_id) for job_id in job_ids)[:MOST_MARKS])

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the value of a button."""
        invocation_id, *marks = value.split() or [""]
        return cls(invocation_id, tuple(marks))

    @property
    def value(self) -> str:
        """What the button carries."""
        return " ".join((self.invocation_id, *self.marks))

    def knows(self, job_ids: Iterable[str]) -> bool:
        """Whether the person was shown all of these jobs."""
        return all(_mark(job_id) in self.marks for job_id in job_ids)


@dataclass(frozen=True, slots=True)
class StartInRegion:
    """What *Start in cn-north-4* carries: the row of a mistyped start, and the region that was meant."""

    invocation_id: str
    region: str

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the value of a button."""
        invocation_id, _, region = value.partition(" ")
        return cls(invocation_id, region)

    @property
    def value(self) -> str:
        """What the button carries."""
        return f"{self.invocation_id} {self.region}"


@dataclass(frozen=True, slots=True)
class UseJob:
    """What *Use this one* carries: the start whose job it may be, and the job."""

    invocation_id: str
    job_id: str

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the value of a button; a job ID may have blanks in it."""
        invocation_id, _, job_id = value.partition(" ")
        return cls(invocation_id, job_id)

    @property
    def value(self) -> str:
        """What the button carries."""
        return f"{self.invocation_id} {self.job_id}"


@dataclass(frozen=True, slots=True)
class Regions:
    """The configured regions; `default` is taken where a person names none."""

    allowed: tuple[str, ...]
    default: str | None = None


def first_word(text: str) -> tuple[str, list[str]]:
    """The first word and those after it; it is `help` for help in all its forms, and for nothing at all.

    Raises:
        InvalidArguments: nobody types so long a text.
    """
    word, *rest = _words(text) or ["help"]
    return ("help" if _HELP.fullmatch(word) else word), rest


def unknown_subcommand(word: str, known: Sequence[str]) -> InvalidArguments:
    """What to raise for a word that is none of the subcommands."""
    close = did_you_mean(word.lower(), known)
    return InvalidArguments(reason(Code.SUBCOMMAND_UNKNOWN, word=word, allowed=" ".join(known), close=close))


def parse_start(words: Sequence[str], regions: Regions) -> StartRequest:
    """What `/avatar-start <words>` asks for.

    Raises:
        InvalidArguments: naming the word that cannot be used, and what is allowed.
    """
    return _start(_assign(words), regions)


def _start(values: Mapping[str, str], regions: Regions) -> StartRequest:
    if "room_id" not in values:
        raise InvalidArguments(reason(Code.ROOM_ID_MISSING))
    region = values.get("region")
    return StartRequest(
        room_id=_room_id(values["room_id"], regions.allowed),
        region=regions.default if region is None else _region(region, regions.allowed),
        room_type=_room_type(values.get("room_type")),
        client_id=_client_id(values.get("client_id")),
    )


def parse_in_region(text: str, region: str, regions: Regions) -> StartRequest:
    """What was typed after `/avatar-start`, with this region in place of a mistyped one.

    Raises:
        InvalidArguments: something else is wrong with it as well.
    """
    return _start(_assign(_words(text)) | {"region": region}, regions)


def parse_again(start: Invocation, regions: Regions) -> StartRequest:
    """What a start asked for, as if it was asked for today: the regions may have changed.

    Raises:
        InvalidArguments: it cannot be asked for any more.
    """
    request = request_of(start)
    values = {name: getattr(request, name) for name in OPTIONS if getattr(request, name)}
    return _start(values, regions)


def request_of(invocation: Invocation) -> StartRequest:
    """What an invocation asked for, to be asked for once more."""
    return StartRequest(
        room_id=invocation.room_id or "",
        region=invocation.region,
        room_type=RoomType(invocation.room_type) if invocation.room_type else None,
        client_id=invocation.client_id,
    )


def parse_nothing(words: Sequence[str], verb: str) -> None:
    """Let nothing come after a subcommand that stands alone.

    Raises:
        InvalidArguments: naming the word that is one too many.
    """
    _refuse_more(words, after=verb)


def parse_job_value(value: str) -> JobRef:
    """The job that a button carries. Slack hands back what the bot wrote, and yet it goes into a path.

    Raises:
        InvalidArguments: the value names no job.
    """
    room_id, _, job_id = value.partition(" ")
    job = JobRef.of(room_id, job_id)
    if job is None:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_JOB))
    return job


def _mark(job_id: str) -> str:
    """A job ID in eight characters, to be compared."""
    return hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def parse_stop(words: Sequence[str]) -> StopWanted:
    """What `/avatar stop <words>` asks for.

    Raises:
        InvalidArguments: saying which word cannot be used and what is allowed.
    """
    if not words:
        raise InvalidArguments(reason(Code.JOB_ID_MISSING))
    job_id, *rooms = words
    _refuse_more(rooms[1:], after="stop")
    if not JOB_ID.fullmatch(job_id):
        raise InvalidArguments(reason(Code.JOB_ID_UNUSABLE, word=job_id))
    return StopWanted(job_id, _room_id(rooms[0]) if rooms else None)


def _refuse_more(words: Sequence[str], *, after: str) -> None:
    if words:
        raise InvalidArguments(reason(Code.WORD_TOO_MANY, word=words[0], after=after))


def _words(text: str) -> list[str]:
    if len(text) > MAX_TEXT:
        raise InvalidArguments(reason(Code.TEXT_TOO_LONG))
    return words_of(text)


def _assign(words: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    positions = iter(("room_id", "region"))
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            name, value = next(positions, ""), word
            if not name:
                raise InvalidArguments(reason(Code.WORD_TOO_MANY, word=word, after="start"))
        name = name.lower()
        if name not in OPTIONS:
            close = did_you_mean(name, OPTIONS)
            raise InvalidArguments(reason(Code.OPTION_UNKNOWN, word=name or word, close=close))
        if name in values:
            raise InvalidArguments(reason(Code.OPTION_GIVEN_TWICE, name=name))
        if not value:
            raise InvalidArguments(reason(Code.OPTION_EMPTY, name=name))
        values[name] = value
    return values


def _room_id(value: str, regions: Sequence[str] = ()) -> str:
    if value.lower() in regions:
        raise InvalidArguments(reason(Code.REGION_IN_PLACE_OF_ROOM_ID, word=value))
    if not ROOM_ID.fullmatch(value):
        raise InvalidArguments(reason(Code.ROOM_ID_UNUSABLE, word=value))
    return value


def _region(value: str, allowed: Sequence[str]) -> str:
    if value.lower() in allowed:
        return value.lower()
    named = {REGION_NAMES[region].lower(): region for region in allowed if region in REGION_NAMES}
    close = did_you_mean(value.lower(), (*allowed, *named))
    raise InvalidArguments(
        reason(
            Code.REGION_UNKNOWN,
            word=value,
            allowed=" ".join(allowed),
            close=named.get(close, close) if close else None,
        )
    )


def _room_type(value: str | None) -> RoomType | None:
    if value is None:
        return None
    try:
        return RoomType(value.upper())
    except ValueError:
        close = did_you_mean(value.upper(), tuple(RoomType))
        raise InvalidArguments(reason(Code.ROOM_TYPE_UNKNOWN, word=value, close=close)) from None


def _client_id(value: str | None) -> str | None:
    if value is not None and not CLIENT_ID.fullmatch(value):
        raise InvalidArguments(reason(Code.CLIENT_ID_UNUSABLE, word=value))
    return value


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that is closest to a mistyped one, or None where nothing is near."""
    return next(iter(difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.5)), None)
