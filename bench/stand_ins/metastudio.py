"""MetaStudio: both starts, the list of a room's jobs, and the state of one. Each room has exactly one job."""

import json
from collections import Counter
from typing import Any

from bench.identifiers import IN_ROOM, PLACE, job_of
from bench.wire.server import Answer, Request, rendered

_REQUEST_ID = "X-Request-Id: 2f01167cfe4d08c296b9c27cc6b843d3"

_CONFIGURATION: dict[str, Any] = {
    "chat_subtitle_config": {"dx": 360, "dy": 880, "width": 1200, "height": 140},
    "video_config": {"width": 1920, "height": 1080},
    "voice_config_list": [
        {
            "voice_asset_id": voice_asset_id,
            "speed": 100,
            "pitch": 100,
            "volume": 140,
            "provider": provider,
            "language": language,
        }
        for voice_asset_id, provider, language in (
            ("f5e0f1a65ec2a17662f6580cef96f0bd", "HUAWEI_EI", "CN"),
            ("17fe82c284db94128444fb2f648179c7", "MOBVOI", "EN"),
        )
    ],
    "chat_video_type": "COMPUTER",
    "is_transparent": True,
    "default_language": "CN",
}

_RTC_ROOM = {
    "app_id": "a7e36df7d2a34e0cbf4e8bd7",
    "room_id": job_of(0),
    "users": [
        {"user_type": kind, "user_id": f"user-{kind}", "signature": "0" * 64, "ctime": 1_900_000_000}
        for kind in ("END_USER", "INFERENCE_USER", "RENDER", "PLAYER")
    ],
}

_STARTED = {"job_id": job_of(0), "rtc_room_info": _RTC_ROOM, **_CONFIGURATION, "region": "cn-north-4"}

_RUNNING = {
    "job_id": job_of(0),
    "state": "PROCESSING",
    "duration": 12.5,
    "start_time": "2026-01-10T08:43:17Z",
    "create_time": "2026-01-10T08:43:15Z",
    "lastupdate_time": "2026-01-10T08:43:17Z",
    **_CONFIGURATION,
}


def _template(status: str, body: dict[str, Any]) -> bytes:
    return rendered(status, json.dumps(body).encode(), _REQUEST_ID)


_START = _template("202 Accepted", _STARTED)
_SIBLING_START = _template("200 OK", _STARTED)
_LIST = _template("200 OK", {"count": 1, "smart_chat_jobs": [_RUNNING]})
_STATE = _template("200 OK", {**_RUNNING, "rtc_room_info": _RTC_ROOM, "chat_state": 2})
_NOT_FOUND = _template("404 Not Found", {"error_code": "APIGW.0101", "error_msg": "API does not exist"})
_PLACE = PLACE.encode()


class MetaStudio:
    """The answers to requests; starts take `seconds`; `calls` counts by kind."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls: Counter[str] = Counter()

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        room = IN_ROOM.search(request.target)
        if room is None:
            return Answer(_NOT_FOUND)
        seconds = 0.0
        if request.method == b"POST":
            kind, seconds = "starts", self.seconds
            template = _SIBLING_START if b"/digital-human-chat/" in request.target else _START
        elif request.target.endswith(b"/state"):
            kind, template = "states", _STATE
        else:
            kind, template = "lists", _LIST
        self.calls[kind] += 1
        return Answer(template.replace(_PLACE, room[1]), seconds)
