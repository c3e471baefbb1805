"""Build slash command payloads, with typed text escaped as Slack does."""

import re

from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.workspace import Channel, Person, Workspace

VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105 - the obsolete field must be there; apps ignore it

_SPECIAL = re.compile(
    r"(?P<url>\bhttps?://[^\s<>]+)|(?<![\w@#&/.])@(?P<handle>[\w-]+)|(?<![\w@#&/.])#(?P<channel>[\w-]+)|[&<>]"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BROADCASTS = {"channel", "here", "everyone"}


class CommandPayloads:
    """A builder of Slack's payloads for typed commands, with their own response_url and trigger_id."""

    def __init__(self, workspace: Workspace, response_urls: ResponseUrls, triggers: Triggers) -> None:
        self._workspace = workspace
        self._response_urls = response_urls
        self._triggers = triggers

    def build(self, command: str, text: str, *, user: str, channel: str, origin: str) -> dict[str, str]:
        """Build the payload. Raises ValueError, in words, if nobody could have typed this."""
        person, place = self.check(command, user=user, channel=channel)
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": person.team_id or self._workspace.team_id,
            "team_domain": "partner" if person.team_id else self._workspace.team_domain,
            "channel_id": place.id,
            "channel_name": place.name_in_payloads,
            "user_id": person.id,
            "user_name": person.handle,
            "command": command,
            "text": escaped(text.strip(), self._workspace, user),
            "api_app_id": self._workspace.bot.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_urls.issue(origin, place.id, person.id),
            "trigger_id": self._triggers.issue(person.id, place.id),
        }

    def check(self, command: str, *, user: str, channel: str) -> tuple[Person, Channel]:
        """Return who types where. Raises the same ValueErrors."""
        if not re.fullmatch(r"/\S+", command):
            raise ValueError(f"a command is a slash and a word, not {command!r}")
        return self._workspace.presence(user, channel)


def escaped(text: str, workspace: Workspace, typed_by: str) -> str:
    """Escape typed text as an app with `should_escape` receives it.

    "@mei & http://a.b" becomes "<@U0MEI00001|mei> &amp; <http://a.b>". Names that the person could not have
    picked from Slack's list stay as they are.
    https://docs.slack.dev/interactivity/implementing-slash-commands shows the forms.
    """
    handles = {person.handle: person.id for person in workspace.people.values()}
    handles[workspace.bot.handle] = workspace.bot.user_id
    named = {
        channel.name: channel.id
        for channel in workspace.channels.values()
        if channel.kind in {"public", "private"} and workspace.can_see(typed_by, channel)
    }

    def replace(found: re.Match[str]) -> str:
        url, handle, channel = found["url"], found["handle"], found["channel"]
        if url:
            return f"<{url.replace('&', '&amp;')}>"
        if handle in _BROADCASTS:
            return f"<!{handle}>"
        if handle in handles:
            return f"<@{handles[handle]}|{handle}>"
        if channel in named:
            return f"<#{named[channel]}|{channel}>"
        return _ENTITIES.get(found[0], found[0])

    return _SPECIAL.sub(replace, text)
