"""The RTC room that a job's avatar and its visitor join (Tables 6 and 7 of the start call's document)."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.metastudio.rooms import room_seed

_USER_TYPES = ("END_USER", "INFERENCE_USER", "RENDER", "PLAYER")
_SIGNATURE_LIFETIME = 11 * 3600
"""Seconds until `ctime`; the document allows less than twelve hours."""


@dataclass(frozen=True, slots=True)
class RtcUser:
    """One party of the RTC room. Its signature is a credential and stays out of `repr`."""

    user_type: str
    user_id: str
    signature: str = field(repr=False)
    ctime: int
    """When the signature expires, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class RtcRoom:
    """An RTC room of one job, with its three or four parties."""

    app_id: str
    room_id: str
    users: tuple[RtcUser, ...]

    def payload(self) -> dict[str, Any]:
        """Return the object `rtc_room_info`, signatures included."""
        return {
            "app_id": self.app_id,
            "room_id": self.room_id,
            "users": [
                {
                    "user_type": user.user_type,
                    "user_id": user.user_id,
                    "signature": user.signature,
                    "ctime": user.ctime,
                }
                for user in self.users
            ],
        }


def open_rtc_room(dialog_id: str, job_id: str, now: float) -> RtcRoom:
    """Create an RTC room for a job of an interactive dialog; its name is the job's ID."""
    seed = room_seed(dialog_id)
    users = tuple(
        RtcUser(
            user_type=user_type,
            user_id=f"{user_type.lower()}-{job_id[:8]}",
            signature=secrets.token_urlsafe(96),
            ctime=int(now) + _SIGNATURE_LIFETIME,
        )
        for user_type in _USER_TYPES[: 3 + seed[11] % 2]
    )
    return RtcRoom(app_id=seed[12:24].hex(), room_id=job_id, users=users)
