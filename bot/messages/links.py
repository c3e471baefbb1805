"""Addresses of messages in Slack."""

from bot.domain.invocation import Invocation


def announcement_link(workspace_url: str | None, start: Invocation) -> str | None:
    """Return the address of a start's announcement; None if it is not known.

    Args:
        workspace_url: the address of the workspace: `https://example.slack.com/`.
    """
    if not workspace_url or not start.told.channel or not start.told.ts:
        return None
    return f"{workspace_url.rstrip('/')}/archives/{start.told.channel}/p{start.told.ts.replace('.', '')}"
