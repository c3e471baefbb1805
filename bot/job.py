"""What MetaStudio says of a job that it has started (start call, Tables 5 to 10).

The document's own example answers with nothing but `job_id`, so every field is optional. What cannot be
used (a null, a list where an object belongs) counts as left out: a job that exists is never lost to a
field that surprises. Closed lists of values stay plain strings, numbers out of the documented range are kept.
"""

import json
import re
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
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

Number = Annotated[int | float, Field(ge=-(10**15), le=10**15)]
"""Wide enough for all that is documented and much beside it, yet never too long to print."""

_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d")


def _or_none(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    try:
        return parse(value)
    except ValueError:
        return None


def _written_out(value: Any) -> Any:
    """A bare number, quoted or not, is no date: pydantic would count seconds or milliseconds with it."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_AND_TIME.match(value)):
        return value
    raise ValueError("not a date and time")


def _in_utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the calendar") from None


Moment = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
"""RFC 3339, `2021-01-10T08:43:17Z`; kept in UTC, which also counts where no zone is written."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )

    @field_validator("*", mode="wrap")
    @classmethod
    def _unusable_counts_as_left_out(cls, value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, float) and not isfinite(value):
            return None  # pydantic would turn it into the text "nan"
        return _or_none(value, parse)


class RtcUser(_Part):
    """Table 7. `signature` is a bearer credential for the RTC room until `ctime` (Unix seconds)."""

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


class SmartChatJob(_Part):
    """Table 5."""

    job_id: str | None = None
    rtc_room_info: RtcRoomInfo | None = None
    chat_subtitle_config: ChatSubtitleConfig | None = None
    video_config: ChatVideoConfig | None = None
    voice_config_list: list[Annotated[VoiceConfig | None, WrapValidator(_or_none)]] | None = None
    chat_video_type: str | None = None
    is_transparent: bool | None = None
    region: str | None = None
    default_language: str | None = None

    def configuration(self) -> str:
        """The voices and the picture as JSON, to be kept; without the job's ID and its RTC room."""
        kept = SmartChatJob.model_fields.keys() - {"job_id", "rtc_room_info"}
        values = self.model_dump(include=kept, exclude_none=True)
        # pydantic's own way to JSON fails at half a surrogate.
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace").decode()

    @classmethod
    def remembered(cls, job_id: str, configuration: str | None) -> Self:
        """The job as it was kept; what cannot be read any more counts as left out."""
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
    """What is told of a job after its start: an item of a room's list, or the answer of the state call.

    `state` is WAITING, PROCESSING, SUCCEED (ended normally), FAILED or DELETING; `duration` is in seconds;
    `job_finish_reason` is NORMAL or MUTE_TIMEOUT.
    """

    state: str | None = None
    duration: Number | None = None
    create_time: Moment | None = None
    job_finish_reason: str | None = None
    error_info: ErrorInfo | None = None
    client_id: str | None = None
