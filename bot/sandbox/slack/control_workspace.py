"""Endpoints under /sandbox/ for the workspace: its people and channels, and where the bot may write."""

from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import web

from bot.sandbox.json_requests import in_words, optional_flag, read_body, required_string, strings
from bot.sandbox.plain import plain
from bot.sandbox.slack.commands import SlashCommand
from bot.sandbox.slack.shortcuts import KnownShortcut
from bot.sandbox.slack.workspace import Channel, Workspace


class Inhabited(Protocol):
    """The part of the stand-in that these endpoints use."""

    workspace: Workspace
    commands: Sequence[SlashCommand]
    known_shortcuts: Sequence[KnownShortcut]


class WorkspaceControl:
    """HTTP handlers that call the workspace's methods."""

    def __init__(self, stand_in: Inhabited) -> None:
        self._stand_in = stand_in

    def register(self, application: web.Application) -> None:
        application.router.add_get("/sandbox/workspace", self.describe)
        application.router.add_post("/sandbox/channels", in_words(self.change_channel))
        application.router.add_post("/sandbox/user-groups", in_words(self.change_user_group))

    async def describe(self, _request: web.Request) -> web.Response:
        workspace = self._stand_in.workspace
        return web.json_response(
            {
                "team": {
                    "id": workspace.team_id,
                    "name": workspace.team_name,
                    "domain": workspace.team_domain,
                },
                "bot": plain(workspace.bot),
                "people": [plain(person) for person in workspace.people.values()],
                "channels": [self._described(channel) for channel in workspace.channels.values()],
                "commands": [plain(command) for command in self._stand_in.commands],
                "shortcuts": [plain(shortcut) for shortcut in self._stand_in.known_shortcuts],
            }
        )

    async def change_channel(self, request: web.Request) -> web.Response:
        """Archive a channel or not (`archived`), or add or remove the bot (`bot_is_member`)."""
        body, workspace = await read_body(request), self._stand_in.workspace
        channel = required_string(body, "channel")
        archived, is_member = optional_flag(body, "archived"), optional_flag(body, "bot_is_member")
        if channel not in workspace.channels:
            raise ValueError(f"there is no channel with the id {channel!r}")
        if archived is not None:
            (workspace.archive if archived else workspace.unarchive)(channel)
        if is_member is not None:
            (workspace.invite if is_member else workspace.remove)(channel, workspace.bot.user_id)
        return web.json_response(self._described(workspace.channels[channel]))

    async def change_user_group(self, request: web.Request) -> web.Response:
        """Give a group its members (`users`, null to delete it), or the app optional scopes (`scopes`)."""
        body, workspace = await read_body(request), self._stand_in.workspace
        if "scopes" in body:
            workspace.optional_scopes = set(strings(body, "scopes"))
        if "group" in body:
            group = required_string(body, "group")
            if body.get("users") is None:
                workspace.user_groups.pop(group, None)
            else:
                workspace.user_groups[group] = strings(body, "users")
        return web.json_response(
            {"user_groups": workspace.user_groups, "scopes": sorted(workspace.optional_scopes)}
        )

    def _described(self, channel: Channel) -> dict[str, Any]:
        is_member = self._stand_in.workspace.bot.user_id in channel.members
        return plain(channel) | {"members": sorted(channel.members), "bot_is_member": is_member}
