"""The bodies of MetaStudio's successful answers (Tables 5 to 10 of the start call's document).

A room always has the same voices, picture and subtitles, and rooms differ slightly from each other.
"""

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.metastudio.job import Job
from bot.sandbox.metastudio.plans import JobState
from bot.sandbox.metastudio.rooms import BARE_JOBS, BARE_ROOMS, BARE_STARTS, Room, room_seed

Payload = dict[str, Any]
"""A JSON object."""

_VOICES = (
    ("CN", "HUAWEI_EI", "Simplified Chinese, Mandarin"),
    ("EN", "MOBVOI", "English, British"),
    ("ESP", "XIMALAYA", "Spanish, Castilian"),
)
"""Language, provider and description; ordered so that a room's two voices differ in all three."""

_CHAT_STATES = {JobState.WAITING: 0, JobState.PROCESSING: 2, JobState.SUCCEED: 1, JobState.FAILED: 1}
"""State → `chat_state`: waiting to connect, connected, waiting to close."""


def start_payload(job: Job, room: Room) -> Payload:
    """Return the full answer to a start, including fields of newer answers that are not documented."""
    if room.room_id in BARE_STARTS:
        return {"job_id": job.job_id}
    return {
        "job_id": job.job_id,
        "rtc_room_info": job.rtc_room.payload(),
        **_configuration(room),
        "region": job.request.region,
        "language": room.default_language,
        "chat_access_address": f"wss://chat.{job.request.region}.metastudio.example/v1/jobs/{job.job_id}",
        "chat_access_rest_address": f"https://chat.{job.request.region}.metastudio.example",
    }


def job_payload(
    job: Job, room: Room, now: float, *, clock_ahead: float = 0.0, is_undated: bool = False
) -> Payload:
    """Return one item of a room's list of jobs. Missing values, such as a running job's end, are left out.

    Args:
        clock_ahead: how many seconds the cloud's clock is ahead.
        is_undated: leave all times out.
    """
    moments = (
        {}
        if is_undated
        else {
            "start_time": job.started_at(now),
            "end_time": job.ended_at(now),
            "create_time": job.life.created_at,
            "lastupdate_time": job.changed_at(now),
        }
    )
    error = job.error(now)
    optional = {
        "job_finish_reason": job.finish_reason(now),
        "error_info": error and {"error_code": error.code, "error_msg": error.words},
        "client_id": job.request.client_id,
    }
    return {
        "job_id": job.job_id,
        "state": job.state(now),
        "duration": round(job.seconds_run(now), 3),
        **{name: _rfc3339(moment + clock_ahead) for name, moment in moments.items() if moment is not None},
        **{name: value for name, value in optional.items() if value is not None},
        **({} if room.room_id in BARE_JOBS else _configuration(room)),
    }


def state_payload(job: Job, room: Room, now: float, **times: Any) -> Payload:
    """Return a job's state: a list item, and also how to reach the avatar."""
    return {
        **job_payload(job, room, now, **times),
        "rtc_room_info": job.rtc_room.payload(),
        "chat_state": _CHAT_STATES[job.state(now)],
    }


def listed_room_payload(room: Room) -> Payload:
    """Return one item of the list of rooms."""
    return asdict(room)


def room_payload(room: Room) -> Payload:
    """Return one room with its configuration, which does not include a transparent background."""
    if room.room_id in BARE_ROOMS:
        return {"room_id": room.room_id}
    configuration = _configuration(room)
    del configuration["is_transparent"]
    return {**asdict(room), **configuration, "voice_config": configuration["voice_config_list"][0]}


def _configuration(room: Room) -> Payload:
    """Return the room's configuration, the same in every answer about any job of the room."""
    seed = room_seed(room.room_id)
    upright = seed[24] % 2 == 1
    return {
        "chat_subtitle_config": _subtitles(upright=upright),
        "video_config": {"width": 1080, "height": 1920} if upright else {"width": 1920, "height": 1080},
        "voice_config_list": _voices(room),
        "chat_video_type": ("MOBILE", "Hub")[seed[25] % 2] if upright else "COMPUTER",
        "is_transparent": seed[26] % 2 == 1,
        "default_language": room.default_language,
    }


def _subtitles(*, upright: bool) -> Payload:
    """Return a box in the lower part of the picture, in pixels."""
    if upright:
        return {"dx": 90, "dy": 1480, "width": 900, "height": 260}
    return {"dx": 360, "dy": 880, "width": 1200, "height": 140}


def _voices(room: Room) -> list[Payload]:
    """Return two voices: one in the room's own language, one in the next."""
    seed = room_seed(room.room_id)
    own = next(place for place, voice in enumerate(_VOICES) if voice[0] == room.default_language)
    return [
        {
            "voice_asset_id": hashlib.sha256(seed + language.encode()).hexdigest()[:32],
            "speed": 90 + seed[27 + place] % 20 + 20 * place,
            "pitch": 95 + seed[29 + place] % 11,
            "volume": 140,
            "provider": provider,
            "language": language,
            "language_desc": description,
        }
        for place, (language, provider, description) in enumerate((*_VOICES, *_VOICES)[own : own + 2])
    ]


def _rfc3339(moment: float) -> str:
    """Format Unix seconds as `2021-01-10T08:43:17Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
