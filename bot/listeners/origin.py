"""Where a payload comes from: its person, their workspace, the channel, and how they can be answered.

A person of another workspace is marked as such; `team_id` stays the bot's, because rows are compared by it.
"""

from typing import Any

from bot.domain.invocation import ChannelKind, Origin
from bot.slack.client import Installation

UNKNOWN_TEAM = "unknown"
"""The workspace of a person where Slack names none: such a person is treated as a stranger."""


def origin_of_command(command: dict[str, Any], home: Installation) -> Origin:
    """Return the origin of a slash command; the team in its payload is the person's."""
    team_id, enterprise_id = command.get("team_id"), command.get("enterprise_id")
    foreign = _foreign_team(team_id, enterprise_id, home)
    channel_id = command.get("channel_id")
    return Origin(
        user_id=command["user_id"],
        foreign_team_id=foreign,
        team_id=home.team_id if foreign else team_id,
        enterprise_id=enterprise_id,
        channel_id=channel_id,
        channel_kind=_channel_kind(channel_id, command.get("channel_name")),
        trigger_id=command.get("trigger_id"),
        response_url=command.get("response_url"),
    )


def origin_of_click(body: dict[str, Any], home: Installation) -> Origin:
    """Return the origin of a clicked button; the user's team is the person's.

    The team in its payload is the channel's: none, or another workspace's where the channel is shared.
    """
    channel, user = body.get("channel") or {}, body["user"]
    team_id, enterprise_id = _id_of(body.get("team")), _id_of(body.get("enterprise"))
    foreign = _foreign_team(user.get("team_id") or team_id, enterprise_id, home)
    return Origin(
        user_id=user["id"],
        foreign_team_id=foreign,
        team_id=team_id if home.is_org_wide and not foreign else home.team_id,
        enterprise_id=enterprise_id,
        channel_id=channel.get("id"),
        channel_kind=_channel_kind(channel.get("id"), channel.get("name")),
        trigger_id=body.get("trigger_id"),
        response_url=body.get("response_url"),
    )


def origin_of_event(body: dict[str, Any], home: Installation) -> Origin:
    """Return the origin of an event: its person, in the workspace that the event comes from."""
    team_id, enterprise_id = body.get("team_id"), body.get("enterprise_id")
    foreign = _foreign_team(team_id, enterprise_id, home)
    return Origin(
        user_id=body["event"]["user"],
        foreign_team_id=foreign,
        team_id=team_id if home.is_org_wide and not foreign else home.team_id,
        enterprise_id=enterprise_id,
    )


def _channel_kind(channel_id: str | None, channel_name: str | None) -> ChannelKind | None:
    """Return who can read the channel; None where the payload does not tell.

    Slack hides the names of conversations that are not public: `privategroup`, `directmessage`, `mpdm-…`.
    """
    name, letter = channel_name or "", channel_id[:1] if channel_id else None
    if name == "directmessage" or name.startswith("mpdm-") or letter == "D":
        return ChannelKind.DIRECT
    if name == "privategroup" or letter == "G":
        return ChannelKind.PRIVATE
    return ChannelKind.PUBLIC if name and letter == "C" else None


def _foreign_team(team_id: str | None, enterprise_id: str | None, home: Installation) -> str | None:
    """Return the person's workspace where it is not the bot's own, else None.

    An app that is installed for an organisation (Enterprise Grid) is at home in all of its workspaces; an app
    that is installed in one workspace is at home in that one only.
    """
    if team_id is not None and team_id in {home.team_id, home.enterprise_id}:
        return None
    if home.is_org_wide and enterprise_id is not None and enterprise_id == home.enterprise_id:
        return None
    return team_id or UNKNOWN_TEAM


def _id_of(part: Any) -> str | None:
    """Return the ID in a part of a payload that may be missing."""
    return part.get("id") if isinstance(part, dict) else None
