"""Build payloads of interactions and events: what was done, by whom, and where.

https://docs.slack.dev/reference/interaction-payloads
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox.slack.form_state import State
from bot.sandbox.slack.messages import Message, message_json
from bot.sandbox.slack.payloads import VERIFICATION_TOKEN
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import View, Views
from bot.sandbox.slack.workspace import Workspace


class InteractionPayloads:
    """A builder of payloads with their own trigger_ids and response_urls. `origin` is the server's."""

    def __init__(
        self,
        workspace: Workspace,
        views: Views,
        response_urls: ResponseUrls,
        triggers: Triggers,
        *,
        clock: Callable[[], float],
        origin: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._views = views
        self._response_urls = response_urls
        self._triggers = triggers
        self._clock = clock
        self._origin = origin

    def action_in_message(
        self, user: str, message: Message, action: dict[str, Any], state: State
    ) -> dict[str, Any]:
        """Build an action in a message. An ephemeral message is not included: the app only gets its ts."""
        ephemeral = message.visible_to is not None
        container: dict[str, Any] = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        name = self._workspace.channels[message.channel].name_in_payloads
        url = self._response_urls.issue(self._origin(), message.channel, user, message_ts=message.ts)
        payload = self._block_actions(user, action, message.channel) | {
            "container": container,
            "channel": {"id": message.channel, "name": name},
            "state": {"values": state},
            "response_url": url,
        }
        return payload if ephemeral else payload | {"message": message_json(message, self._workspace)}

    def action_in_view(self, user: str, view: View, action: dict[str, Any]) -> dict[str, Any]:
        return self._block_actions(user, action) | {
            "container": {"type": "view", "view_id": view.id},
            "view": self._views.as_json(view),
        }

    def submission(self, view: View) -> dict[str, Any]:
        return self._head("view_submission", view.owner) | {
            "trigger_id": self._triggers.issue(view.owner),
            "view": self._views.as_json(view),
            "response_urls": list(self._addresses(view)),
        }

    def suggestion(self, view: View, block_id: str, action_id: str, value: str) -> dict[str, Any]:
        """Build the question for the options of a menu."""
        return self._head("block_suggestion", view.owner) | {
            "container": {"type": "view", "view_id": view.id},
            "view": self._views.as_json(view),
            "action_id": action_id,
            "block_id": block_id,
            "value": value,
        }

    def shortcut(self, user: str, callback_id: str, channel: str | None) -> dict[str, Any]:
        """Build the use of a global shortcut. `channel` is open beside it; the app is not told."""
        return self._head("shortcut", user) | {
            "callback_id": callback_id,
            "trigger_id": self._triggers.issue(user, channel),
            "action_ts": self._now(),
        }

    def shortcut_on(self, user: str, callback_id: str, message: Message) -> dict[str, Any]:
        """Build the use of a message shortcut."""
        place = self._workspace.channels[message.channel]
        return self._head("message_action", user) | {
            "callback_id": callback_id,
            "trigger_id": self._triggers.issue(user, place.id),
            "action_ts": self._now(),
            "message_ts": message.ts,
            "channel": {"id": place.id, "name": place.name_in_payloads},
            "message": message_json(message, self._workspace),
            "response_url": self._response_urls.issue(self._origin(), place.id, user, message_ts=message.ts),
        }

    def closing(self, view: View, *, is_cleared: bool) -> dict[str, Any]:
        return self._head("view_closed", view.owner) | {
            "view": self._views.as_json(view),
            "is_cleared": is_cleared,
        }

    def home_opened(self, user: str) -> dict[str, Any]:
        """Build the event app_home_opened: https://docs.slack.dev/reference/events/app_home_opened."""
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": user,
            "channel": self._workspace.direct_message(user).id,
            "tab": "home",
            "event_ts": self._now(),
        }
        home = self._views.home(user)
        if home is not None:
            event["view"] = self._views.as_json(home)
        workspace = self._workspace
        authorization = {
            "enterprise_id": None,
            "team_id": workspace.team_id,
            "user_id": workspace.bot.user_id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": workspace.team_id,
            "api_app_id": workspace.bot.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{secrets.token_hex(5).upper()}",
            "event_time": int(self._clock()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
        }

    def _addresses(self, view: View) -> Iterator[dict[str, str]]:
        """Yield a response_url for each chosen conversation whose menu wants one."""
        for block in view.blocks:
            element = block.get("element", {})
            if not element.get("response_url_enabled"):
                continue
            state = view.state[block["block_id"]][element["action_id"]]
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if channel:
                yield {
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                    "channel_id": channel,
                    "response_url": self._response_urls.issue(self._origin(), channel, view.owner),
                }

    def _block_actions(self, user: str, action: dict[str, Any], channel: str | None = None) -> dict[str, Any]:
        return self._head("block_actions", user) | {
            "trigger_id": self._triggers.issue(user, channel),
            "actions": [action | {"action_ts": self._now()}],
        }

    def _head(self, kind: str, user: str) -> dict[str, Any]:
        """Return the common fields of all interactions."""
        workspace, person = self._workspace, self._workspace.people[user]
        return {
            "type": kind,
            "team": {"id": workspace.team_id, "domain": workspace.team_domain},
            "user": {
                "id": person.id,
                "username": person.handle,
                "name": person.handle,
                "team_id": person.team_id or workspace.team_id,
            },
            "api_app_id": workspace.bot.app_id,
            "token": VERIFICATION_TOKEN,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _now(self) -> str:
        return f"{self._clock():.6f}"
