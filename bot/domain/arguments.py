"""Parse the text after a command, or the value of a button. Pure: no clock, no network.

First `typed_text` removes what Slack and keyboards add to a text. Every value that this module returns is
checked.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.domain.invocation import (
    REGION_NAMES,
    Invocation,
    JobInvocation,
    RoomInvocation,
    RoomType,
    StartRequest,
)
from bot.domain.typed_text import words_of
from bot.errors import InvalidArguments
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

MAX_TEXT = 4000
ROOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
CLIENT_ID = re.compile(r"[!-~]{1,128}")
JOB_ID = re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,127}")
"""Safe in a path: it holds no slash, and it cannot be `..`, because it does not begin with a dot."""

UUID_LIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f-]*)?|[0-9a-f]{32}", re.IGNORECASE)
REGION_LIKE = re.compile(r"[a-z]{2}-[a-z]+-?\d{1,2}", re.IGNORECASE)

OPTIONS = ("room_id", "region", "room_type", "client_id")

MOST_MARKS = 150
"""Maximum number of jobs that a button can name by their marks: Slack allows 2,000 characters."""

_HELP = re.compile(r"-*(?:help|\?)|-+h", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StopWanted:
    """A wish to stop a job. If the person names no room, the invocation log knows it."""

    job_id: str
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class JobRef:
    """A job as MetaStudio's paths name it. A button carries it, so it works without the invocation log."""

    room_id: str
    job_id: str

    @classmethod
    def of(cls, room_id: str | None, job_id: str | None) -> Self | None:
        """Return the job with these IDs; None if one is missing or not safe in a path."""
        if room_id and job_id and ROOM_ID.fullmatch(room_id) and JOB_ID.fullmatch(job_id):
            return cls(room_id, job_id)
        return None

    @classmethod
    def in_row(cls, row: JobInvocation) -> Self:
        """The job of a row."""
        return cls(row.request.room_id, row.job.job_id)

    def as_logged(self, start: RoomInvocation | None) -> "JobRef":
        """Return the job with the room of the start that made it, even if the person named another room."""
        return JobRef(start.request.room_id, self.job_id) if start else self

    def as_told(self, start: Invocation | None, asking: Invocation) -> "JobRef":
        """Return the job as the person may see it: without its room, if the start is hidden from them."""
        return JobRef("", self.job_id) if start and not start.is_visible_to(asking) else self

    @property
    def value(self) -> str:
        """The value of a button. `parse_job_value` reads it."""
        return f"{self.room_id} {self.job_id}"


@dataclass(frozen=True, slots=True)
class StartAnyway:
    """The value of *Start anyway*: its invocation, and marks of the jobs that the person saw beside it."""

    invocation_id: str
    marks: tuple[str, ...] = ()

    @classmethod
    def beside(cls, invocation_id: str, job_ids: Iterable[str]) -> Self:
        """Return the value for the button of a message that names these jobs."""
        return cls(invocation_id, tuple(_mark(job_id) for job_id in job_ids)[:MOST_MARKS])

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the value of a button."""
        invocation_id, *marks = value.split() or [""]
        return cls(invocation_id, tuple(marks))

    @property
    def value(self) -> str:
        """The value of the button."""
        return " ".join((self.invocation_id, *self.marks))

    def knows(self, job_ids: Iterable[str]) -> bool:
        """Return True if the person saw all of these jobs."""
        return all(_mark(job_id) in self.marks for job_id in job_ids)


@dataclass(frozen=True, slots=True)
class ButtonValue:
    """The value of a button that names an invocation and one thing more: a region, a job ID, a command."""

    invocation_id: str
    argument: str

    @classmethod
    def parse(cls, value: str) -> Self:
        """Read the value of a button. The argument may contain blanks."""
        invocation_id, _, argument = value.partition(" ")
        return cls(invocation_id, argument)

    @property
    def value(self) -> str:
        """The value of the button."""
        return f"{self.invocation_id} {self.argument}"


@dataclass(frozen=True, slots=True)
class Regions:
    """The configured regions. `default` is used if a person names none."""

    allowed: tuple[str, ...]
    default: str | None = None


def first_word(text: str, verbs: Sequence[str] = (), *, if_none: str = "help") -> tuple[str, list[str]]:
    """Return the first word and the others. The first is `help` for every form of help.

    Args:
        verbs: the command's subcommands. Words in quotes that begin with one of them are not a name.
        if_none: the first word of a text without words.

    Raises:
        InvalidArguments: the text is too long.
    """
    word, *rest = _words(text, verbs) or [if_none]
    return ("help" if _HELP.fullmatch(word) else word), rest


def unknown_subcommand(word: str, known: Sequence[str]) -> InvalidArguments:
    """Return the error for a word that is not a subcommand."""
    close = did_you_mean(word.lower(), known)
    return InvalidArguments(reason(Code.SUBCOMMAND_UNKNOWN, word=word, allowed=" ".join(known), close=close))


def parse_start(words: Sequence[str], regions: Regions) -> StartRequest:
    """Parse the words after `/avatar-start`.

    Raises:
        InvalidArguments: a word cannot be used; the error names it and says what is allowed.
    """
    return request_from(assign(words), regions)


def request_from(values: Mapping[str, str], regions: Regions) -> StartRequest:
    """Return what arguments ask for, by their names.

    Raises:
        InvalidArguments: a value cannot be used; the error names it and says what is allowed.
    """
    if "room_id" not in values:
        raise InvalidArguments(reason(Code.ROOM_ID_MISSING))
    region = values.get("region")
    return StartRequest(
        room_id=_room_id(values["room_id"], regions.allowed),
        region=regions.default if region is None else _region(region, regions.allowed),
        room_type=_room_type(values.get("room_type")),
        client_id=_client_id(values.get("client_id")),
    )


def parse_again(start: RoomInvocation, regions: Regions) -> StartRequest:
    """Return the request of an earlier start, checked again: the allowed regions may have changed.

    Raises:
        InvalidArguments: the request is not allowed any more.
    """
    values = {name: getattr(start.request, name) for name in OPTIONS if getattr(start.request, name)}
    return request_from(values, regions)


def parse_job_value(value: str) -> JobRef:
    """Read the job from a button's value. It is checked although the bot wrote it: it goes into a path.

    Raises:
        InvalidArguments: the value names no job.
    """
    room_id, _, job_id = value.partition(" ")
    job = JobRef.of(room_id, job_id)
    if job is None:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_JOB))
    return job


def _mark(job_id: str) -> str:
    """Return eight characters of a job ID's hash, to compare jobs."""
    return hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def parse_stop(words: Sequence[str]) -> StopWanted:
    """Parse the words after `/avatar stop`.

    Raises:
        InvalidArguments: a word cannot be used; the error names it and says what is allowed.
    """
    if not words:
        raise InvalidArguments(reason(Code.JOB_ID_MISSING))
    job_id, *rooms = words
    refuse_extra_words(rooms[1:], after="stop")
    if not JOB_ID.fullmatch(job_id):
        raise InvalidArguments(reason(Code.JOB_ID_UNUSABLE, word=job_id))
    return StopWanted(job_id, _room_id(rooms[0]) if rooms else None)


def refuse_extra_words(words: Sequence[str], *, after: str) -> None:
    """Check that there are no more words.

    Raises:
        InvalidArguments: there is one; the error names it.
    """
    if words:
        raise InvalidArguments(reason(Code.WORD_TOO_MANY, word=words[0], after=after))


def _words(text: str, verbs: Sequence[str]) -> list[str]:
    if len(text) > MAX_TEXT:
        raise InvalidArguments(reason(Code.TEXT_TOO_LONG))
    return words_of(text, are_a_name=lambda words: not _are_arguments(words, verbs))


def _are_arguments(words: Sequence[str], verbs: Sequence[str]) -> bool:
    """Return True if words in quotes are the arguments of a command: somebody has quoted all of it."""
    known = any("=" in word or UUID_LIKE.fullmatch(word) or REGION_LIKE.fullmatch(word) for word in words)
    return known or words[0].lower() in verbs


def assign(words: Sequence[str]) -> dict[str, str]:
    """Return the words of a start by the names of its arguments, unchecked.

    Raises:
        InvalidArguments: a word has no place; the error names it.
    """
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


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """Return the known word that is closest to a mistyped one, or None if none is close.

    Args:
        cutoff: how much of the two words has to be the same, from 0 to 1.
    """
    return next(iter(difflib.get_close_matches(word[:100], list(known), n=1, cutoff=cutoff)), None)
