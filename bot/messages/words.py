"""Codes, states and spans of time in words.

MetaStudio's codes are those of the start call, Tables 5 to 10; one that is not listed is shown as it is.
"""

from collections.abc import Callable

from bot.domain.invocation import REGION_NAMES, JobState
from bot.domain.job import legible
from bot.domain.job_state import JobLife
from bot.errors import Answer
from bot.messages.mrkdwn import code, escape, literal, mention

RoomName = Callable[[str], str | None]
"""Returns the name of the room with an ID, if it is known."""

_DEVICES = {"COMPUTER": "PC", "MOBILE": "Mobile phone", "HUB": "Large screen"}
_VENDORS = {"XIMALAYA": "Himalaya TTS", "HUAWEI_EI": "Huawei EI TTS", "MOBVOI": "Mobvoi TTS"}
_LANGUAGES = {
    "CN": "Simplified Chinese",
    "EN": "English",
    "ESP": "Spanish",
    "POR": "Portuguese",
    "ARABIC": "Arabic",
    "THAI": "Thai",
    "FR": "French",
}
_RTC_USERS = {
    "CAPTURE": "live assistant",
    "ANIMATION": "visual control service",
    "RENDER": "rendering service",
    "PLAYER": "viewer",
    "INFERENCE_USER": "avatar",
    "END_USER": "device user",
}

_LONGEST_NAME = 80
"""Characters of a room's name in a message."""

_EMOJI = {
    JobState.ACCEPTED: "⏳",
    JobState.RUNNING: "🟢",
    JobState.STOPPED: "⛔",
    JobState.FAILED: "🔴",
}
_EMOJI_OF_AN_END = "⚪"

_STATES = {
    JobState.ACCEPTED: "is starting",
    JobState.RUNNING: "is running",
    JobState.ENDED: "ended normally{after}",
    JobState.SILENT: "ended{after}: nobody spoke",
    JobState.UNJOINED: "ended: nobody joined it",
    JobState.STOPPED: "was stopped{by}{after}",
    JobState.FAILED: "failed{after}{why}",
    JobState.GONE: "ended: MetaStudio does not say how",
}


def device(chat_video_type: str) -> str:
    """`Hub` → Large screen."""
    return _word(_DEVICES, chat_video_type)


def vendor(provider: str) -> str:
    """`HUAWEI_EI` → Huawei EI TTS."""
    return _word(_VENDORS, provider)


def language(name: str, description: str | None = None) -> str:
    """`por` → Portuguese; a language that is not listed goes by MetaStudio's own description."""
    known = _LANGUAGES.get(name.upper())
    return known or escape(description or name, 100)


def rtc_user(user_type: str) -> str:
    """`END_USER` → device user."""
    return _word(_RTC_USERS, user_type)


def room(room_id: str, name: str | None) -> str:
    """Return *Lobby kiosk*, or room `24bad716-…` if the room has no name of its own."""
    known = literal(_own_name(room_id, name), _LONGEST_NAME)
    return f"*{known}*" if known else f"room {code(room_id)}"


def plain_room(room_id: str, name: str | None) -> str:
    """Return the name and ID of a room without markup."""
    known = escape(_own_name(room_id, name), _LONGEST_NAME // 2)
    return f"{known} ({escape(room_id, 64)})" if known else escape(room_id, 64)


def _own_name(room_id: str, name: str | None) -> str:
    known = legible(name)
    return "" if known == room_id else known


def region(region_id: str) -> str:
    """`cn-north-4` → CN North-Beijing4 (`cn-north-4`)."""
    name = REGION_NAMES.get(region_id)
    return f"{name} ({code(region_id)})" if name else code(region_id)


def plain_region(region_id: str) -> str:
    """`cn-north-4` → CN North-Beijing4 (cn-north-4), without markup."""
    name = REGION_NAMES.get(region_id)
    return f"{name} ({region_id})" if name else region_id


def region_name(region_id: str) -> str:
    """`cn-north-4` → CN North-Beijing4; a region without a name goes by its ID."""
    return REGION_NAMES.get(region_id) or code(region_id)


def duration(seconds: float) -> str:
    """`125` → 2 min 5 s. A negative time, or one of decades, is shown as 0 s."""
    whole = int(seconds) if 0 < seconds < 1e9 else 0
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def headline(subject: str, life: JobLife) -> str:
    """🟢  *Lobby kiosk* is running: the state in a sign and in words. `subject` is escaped already."""
    return f"{emoji(life.state)}  {capital(subject)} {state(life)}"


def unknown_start(subject: str) -> str:
    """Return ❔  It is not known whether *Lobby kiosk* started. `subject` is escaped already."""
    return f"❔  It is not known whether {subject} started"


def capital(sentence: str) -> str:
    """The sentence with a capital letter at its beginning."""
    return sentence[:1].upper() + sentence[1:]


def emoji(job_state: JobState) -> str:
    """Return the sign of a state. It is never shown without words."""
    return _EMOJI.get(job_state, _EMOJI_OF_AN_END)


def state(life: JobLife) -> str:
    """Return a job's state in words: is running; ended after 1 min: nobody spoke; was stopped by @Mei."""
    return _STATES[life.state].format(
        after="" if life.seconds is None else f" after {duration(life.seconds)}",
        by=f" by {mention(life.stopped_by)}" if life.stopped_by else "",
        why=_why(life.error) if life.error else "",
    )


def _why(error: Answer) -> str:
    """MetaStudio's own words or, where it has none, its code."""
    message = " ".join((error.error_msg or "").split()).rstrip(".")
    if message:
        return f": MetaStudio says “{escape(message, 300)}”"
    named = code(error.error_code or "", 60)
    return f": {named}" if named else ""


def _word(words: dict[str, str], value: str) -> str:
    return words.get(value.upper()) or escape(value, 100)
