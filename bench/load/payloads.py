"""Slack's payload for a typed command."""

from bench.identifiers import room_of
from bench.stand_ins.slack import CHANNEL, TEAM, USER

COMMAND = "/avatar-start"


def command_payload(number: int, origin: str) -> dict[str, str]:
    """Build the payload of `/avatar-start room cn-north-4`; `origin` is where response_urls lead."""
    return {
        "token": "obsolete",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": CHANNEL,
        "channel_name": "avatars",
        "user_id": USER,
        "user_name": "mei",
        "command": COMMAND,
        "text": f"{room_of(number)} cn-north-4",
        "api_app_id": "A0BENCH001",
        "is_enterprise_install": "false",
        "response_url": f"{origin}/response/{TEAM}/{number}/{number:024x}",
        "trigger_id": f"{number}.1790000000.{number:032x}",
    }
