"""The Web API's methods for views: open, push, update, publish.

https://docs.slack.dev/reference/methods/views.open and its neighbours.
"""

import json
from collections.abc import Callable
from typing import Any

from bot.sandbox.slack.api_errors import Answer, ApiError, required
from bot.sandbox.slack.triggers import Trigger, Triggers
from bot.sandbox.slack.view_limits import VIEW_BYTES, view_problems
from bot.sandbox.slack.views import STACKED, View, Views
from bot.sandbox.slack.workspace import Workspace


class ViewMethods:
    """The methods by name."""

    def __init__(self, workspace: Workspace, views: Views, triggers: Triggers) -> None:
        self._workspace = workspace
        self._views = views
        self._triggers = triggers

    def by_name(self) -> dict[str, Callable[[dict[str, Any]], Answer]]:
        return {
            "views.open": self._open,
            "views.push": self._push,
            "views.update": self._update,
            "views.publish": self._publish,
        }

    def _open(self, arguments: dict[str, Any]) -> Answer:
        content = self._checked(arguments, "modal")
        self._refuse_taken(content, None)
        trigger = self._use_trigger(arguments)
        return self._answer(self._views.open(trigger.user, content, trigger.channel))

    def _push(self, arguments: dict[str, Any]) -> Answer:
        content = self._checked(arguments, "modal")
        self._refuse_taken(content, None)
        user = self._use_trigger(arguments).user
        stacked = len(self._views.stack(user))
        if stacked == 0:
            raise ApiError("not_found")
        if stacked >= STACKED:
            raise ApiError("push_limit_reached")
        return self._answer(self._views.push(user, content))

    def _update(self, arguments: dict[str, Any]) -> Answer:
        view_id, external_id = arguments.get("view_id"), arguments.get("external_id")
        if not view_id and not external_id:
            raise ApiError("invalid_arguments", ("missing required field: view_id or external_id",))
        view = self._views.find(view_id, external_id)
        if view is None:
            raise ApiError("not_found")
        content = self._checked(arguments, view.content["type"])
        self._refuse_taken(content, view)
        _refuse_stale(arguments, view)
        self._views.update(view, content)
        return self._answer(view)

    def _publish(self, arguments: dict[str, Any]) -> Answer:
        user = str(required(arguments, "user_id"))
        if user not in self._workspace.people:
            raise ApiError("invalid_arguments", ("invalid `user_id`",))
        content = self._checked(arguments, "home")
        view = self._views.home(user)
        self._refuse_taken(content, view)
        if view is not None:
            _refuse_stale(arguments, view)
        return self._answer(self._views.publish(user, content))

    def _checked(self, arguments: dict[str, Any], kind: str) -> dict[str, Any]:
        """Return the sent view: an object, or its JSON in a form."""
        view = required(arguments, "view")
        if isinstance(view, str):
            try:
                view = json.loads(view)
            except ValueError:
                raise ApiError("invalid_arguments", ("must be valid JSON [json-pointer:/view]",)) from None
        return checked_view(view, kind)

    def _refuse_taken(self, content: dict[str, Any], own: View | None) -> None:
        """Refuse an external_id that another view has."""
        external_id = content.get("external_id")
        holder = self._views.find(external_id=external_id) if external_id else None
        if holder is not None and holder is not own:
            raise ApiError("duplicate_external_id")

    def _use_trigger(self, arguments: dict[str, Any]) -> Trigger:
        used = self._triggers.use(str(required(arguments, "trigger_id")))
        if isinstance(used, str):
            raise ApiError(used)
        return used

    def _answer(self, view: View) -> Answer:
        return {"view": self._views.as_json(view)}


def checked_view(view: Any, kind: str) -> dict[str, Any]:
    """Return a view that Slack accepts. Raises ApiError for any other."""
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        raise ApiError("view_too_large")
    problems = view_problems(view, kind)
    if problems:
        raise ApiError("invalid_arguments", tuple(problems))
    return dict(view)


def _refuse_stale(arguments: dict[str, Any], view: View) -> None:
    """Refuse a hash that is not the view's present one: it shows which state the app meant to change."""
    if arguments.get("hash") and arguments["hash"] != view.hash:
        raise ApiError("hash_conflict")
