"""A job as MetaStudio describes it (start call, Tables 5 to 10).

The example in MetaStudio's documentation answers with only `job_id`, so every field is optional. A value that
cannot be used (a null, a list instead of an object) counts as left out, so that one bad field never loses a
job. Enumerations stay plain strings, and numbers outside the documented range are kept.
"""

import re
import unicodedata
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from typing_extensions import override

from bot.domain.configuration import VOICES, Values, said, written

Number = Annotated[int | float, Field(ge=-(10**15), le=10**15)]
"""Wider than every documented range, but short enough to print."""

LONGEST_NAME = 200
"""Characters of a room's name that are kept. A message shows fewer."""

_JOINERS = "\u200c\u200d"  # some scripts need them
_BLANK = str.maketrans(dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0", " "))  # letters that look blank

_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d")


def _or_none(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    try:
        return parse(value)
    except ValueError:
        return None


def _only_date_text(value: Any) -> Any:
    """Refuse a bare number, quoted or not: pydantic would read it as a Unix time."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_AND_TIME.match(value)):
        return value
    raise ValueError("not a date and time")


def _in_utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the calendar's range") from None


Moment = Annotated[datetime, BeforeValidator(_only_date_text), AfterValidator(_in_utc)]
"""A time in RFC 3339, `2021-01-10T08:43:17Z`, converted to UTC. Without a zone it counts as UTC."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )

    @field_validator("*", mode="wrap")
    @classmethod
    def _unusable_counts_as_left_out(
        cls, value: Any, parse: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        is_usable = not isinstance(value, float) or isfinite(value)  # pydantic makes the text "nan"
        parsed = _or_none(value, parse) if is_usable else None
        return cls.model_fields[str(info.field_name)].default if parsed is None else parsed


def legible(name: str | None) -> str:
    """Return a name on one line, without control and invisible characters; empty if nothing is visible."""
    text = (name or "")[: 4 * LONGEST_NAME].translate(_BLANK)
    line = " ".join("".join(map(_visible, text)).split())[:LONGEST_NAME].rstrip()
    return line if any(unicodedata.category(char)[0] in "LNPS" for char in line) else ""


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    return char if category[0] != "C" or char in _JOINERS else ""


class RtcUser(_Part):
    """Table 7. `signature` is a bearer credential for the RTC room, valid until `ctime` (Unix seconds)."""

    user_type: str | None = None
    user_id: str | None = None
    signature: SecretStr | None = None
    ctime: Number | None = None


class RtcRoomInfo(_Part):
    """Table 6."""

    app_id: str | None = None
    room_id: str | None = None
    users: list[Annotated[RtcUser | None, WrapValidator(_or_none)]] | None = None


class ChatSubtitleConfig(_Part):
    """Table 8: the subtitle box in pixels of a 1920 x 1080 (or 1080 x 1920) picture."""

    dx: Number | None = None
    dy: Number | None = None
    width: Number | None = None
    height: Number | None = None


class ChatVideoConfig(_Part):
    """Table 9, in pixels."""

    width: Number | None = None
    height: Number | None = None


class VoiceConfig(_Part):
    """Table 10. `speed` 100 is an adult's normal speed, about 250 words a minute."""

    voice_asset_id: str | None = None
    speed: Number | None = None
    pitch: Number | None = None
    volume: Number | None = None
    provider: str | None = None
    language: str | None = None
    language_desc: str | None = None


class Configuration(_Part):
    """The voice and video configuration. A start, a job's state and a room have the same fields for it."""

    chat_subtitle_config: ChatSubtitleConfig | None = None
    video_config: ChatVideoConfig | None = None
    voice_config_list: list[Annotated[VoiceConfig | None, WrapValidator(_or_none)]] | None = None
    chat_video_type: str | None = None
    is_transparent: bool | None = None
    region: str | None = None
    default_language: str | None = None

    def told(self) -> Values:
        """Return the configuration's values only, without the answer's other fields, such as the RTC room."""
        return said(self.model_dump(include=set(Configuration.model_fields), exclude_none=True))


class SmartChatJob(Configuration):
    """Table 5. `job_id` is empty if the answer has none; answers to a start or in a list must have one."""

    job_id: str = ""
    rtc_room_info: RtcRoomInfo | None = None

    def configuration(self) -> str:
        """Return the configuration as JSON, for the database."""
        return written(self.told())

    @classmethod
    def remembered(cls, job_id: str, configuration: str | None) -> Self:
        """Return the job from the database. What cannot be read counts as left out."""
        try:
            job = cls.model_validate_json(configuration or "{}")
        except ValidationError:
            job = cls()
        return job.model_copy(update={"job_id": job_id})


class ErrorInfo(_Part):
    """Why a job failed."""

    error_code: str | None = None
    error_msg: str | None = None


class JobReport(SmartChatJob):
    """A job after its start: an item of a room's list, or the answer of the state call.

    `state` is WAITING, PROCESSING, SUCCEED (ended normally), FAILED or DELETING; `duration` is in seconds;
    `job_finish_reason` is NORMAL or MUTE_TIMEOUT.
    """

    state: str | None = None
    duration: Number | None = None
    create_time: Moment | None = None
    job_finish_reason: str | None = None
    error_info: ErrorInfo | None = None
    client_id: str | None = None


class RoomReport(Configuration):
    """A room as MetaStudio describes it. It has `voice_config`, `voice_config_list`, or both."""

    room_name: str | None = None
    voice_config: VoiceConfig | None = None

    @property
    def name(self) -> str | None:
        """The name that can be shown; None if the room has none."""
        return legible(self.room_name) or None

    @override
    def told(self) -> Values:
        told = super().told()
        voice = said(self.voice_config.model_dump(exclude_none=True)) if self.voice_config else {}
        return ({VOICES: [voice]} if voice else {}) | told
