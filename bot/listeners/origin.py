"""Where a payload comes from: the kind of its channel, and whether its person is of another workspace."""

from typing import Any

from bot.domain.invocation import ChannelKind
from bot.slack.client import Installation

UNKNOWN_TEAM = "unknown"
"""The workspace of a person where Slack names none: such a person is treated as a stranger."""


def channel_kind(channel_id: str | None, channel_name: str | None) -> ChannelKind | None:
    """Return who can read the channel; None where the payload does not tell.

    Slack hides the names of conversations that are not public: `privategroup`, `directmessage`, `mpdm-…`.
    """
    name, letter = channel_name or "", channel_id[:1] if channel_id else None
    if name == "directmessage" or name.startswith("mpdm-") or letter == "D":
        return ChannelKind.DIRECT
    if name == "privategroup" or letter == "G":
        return ChannelKind.PRIVATE
    return ChannelKind.PUBLIC if name and letter == "C" else None


def foreign_team(team_id: str | None, enterprise_id: str | None, home: Installation) -> str | None:
    """Return the person's workspace where it is not the bot's own, else None.

    An app that is installed for an organisation (Enterprise Grid) is at home in all of its workspaces; an app
    that is installed in one workspace is at home in that one only.
    """
    if team_id is not None and team_id in {home.team_id, home.enterprise_id}:
        return None
    if home.is_org_wide and enterprise_id is not None and enterprise_id == home.enterprise_id:
        return None
    return team_id or UNKNOWN_TEAM


def id_of(part: Any) -> str | None:
    """Return the ID in a part of a payload that may be missing."""
    return part.get("id") if isinstance(part, dict) else None
