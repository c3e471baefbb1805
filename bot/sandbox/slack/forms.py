"""Modals on the person's side: submitting, closing, and the effect of the app's answer.

https://docs.slack.dev/surfaces/modals
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from bot.sandbox.slack.api_errors import ApiError
from bot.sandbox.slack.block_ids import find_element
from bot.sandbox.slack.delivery import Delivery, Interacted
from bot.sandbox.slack.form_state import changed_state, missing_inputs
from bot.sandbox.slack.interactions import InteractionPayloads
from bot.sandbox.slack.suggestions import suggested_groups
from bot.sandbox.slack.view_methods import checked_view
from bot.sandbox.slack.views import STACKED, View, Views

TROUBLE = "We had some trouble connecting. Try again?"
"""The text that Slack shows in a form that could not be delivered to the app."""

INVALID_RESPONSE = "invalid_response"

LEAST_TYPED = 3
"""Characters that must be typed before Slack asks for options, if the menu does not say."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The result of a submitted form.

    `errors` are messages under its inputs, by block. The form then stays open, as it does with an `error`,
    for which people read the `notice`. `problems` says what is wrong with an invalid answer.
    """

    error: str | None
    errors: dict[str, str] | None
    milliseconds: float = 0.0
    notice: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggested:
    """The options for what was typed in a menu, in groups; a group may have no label.

    With an `error` there are none; `problems` says what is wrong with an invalid answer.
    """

    error: str | None
    groups: list[dict[str, Any]]
    milliseconds: float = 0.0
    problems: tuple[str, ...] = ()


class Forms:
    """Sends view_submission, view_closed and block_suggestion, and applies the app's answers."""

    def __init__(
        self,
        views: Views,
        payloads: InteractionPayloads,
        deliver: Callable[[dict[str, Any]], Awaitable[Delivery]],
    ) -> None:
        self._views = views
        self._payloads = payloads
        self._deliver = deliver

    async def submit(self, viewer: str, view_id: str, values: dict[str, Any]) -> Submitted:
        """Submit the modal on top. Empty required inputs are reported without asking the app.

        Raises ValueError, in words, if that person could not have done it.
        """
        view = self._views.on_top(viewer, view_id)
        if "submit" not in view.content:
            raise ValueError("that modal cannot be submitted")
        state = changed_state(view.state, view.blocks, values)
        self._views.set_state(view, state)
        if missing := missing_inputs(view.blocks, state):
            return Submitted(None, missing)
        began = perf_counter()
        delivery = await self._deliver(self._payloads.submission(view))
        milliseconds = (perf_counter() - began) * 1000
        if delivery.error is not None:
            return Submitted(delivery.error, None, milliseconds, TROUBLE)
        try:
            errors = self._obey(delivery.ack, view)
        except ApiError as refused:
            problems = refused.problems or (refused.error,)
            return Submitted(INVALID_RESPONSE, None, milliseconds, TROUBLE, problems)
        return Submitted(None, errors, milliseconds)

    async def suggest(
        self, viewer: str, view_id: str, block_id: str, action_id: str, typed: str
    ) -> Suggested:
        """Type in a menu whose options the app makes.

        Raises ValueError, in words, if that person could not have done it, or has typed too little.
        """
        view = self._views.on_top(viewer, view_id)
        _, element = find_element(view.blocks, block_id, action_id)
        if not element["type"].endswith("external_select"):
            raise ValueError(f"the options of a {element['type']} do not come from the app")
        least = element.get("min_query_length", LEAST_TYPED)
        if len(typed) < least:
            raise ValueError(f"{action_id!r} asks for options once {least} characters are typed")
        began = perf_counter()
        delivery = await self._deliver(self._payloads.suggestion(view, block_id, action_id, typed))
        milliseconds = (perf_counter() - began) * 1000
        if delivery.error is not None:
            return Suggested(delivery.error, [], milliseconds)
        groups, problems = suggested_groups(delivery.ack)
        return Suggested(INVALID_RESPONSE if problems else None, groups, milliseconds, problems)

    async def close(self, viewer: str, view_id: str) -> Interacted:
        """Close the modal on top; with clear_on_close, close those below it too."""
        view = self._views.on_top(viewer, view_id)
        is_cleared = view.flag("clear_on_close")
        if is_cleared:
            closed = self._views.clear(viewer)
        else:
            self._views.close(view)
            closed = [view]
        began, error = perf_counter(), None
        for one in closed:
            if one.flag("notify_on_close"):
                delivery = await self._deliver(self._payloads.closing(one, is_cleared=is_cleared))
                error = error or delivery.error
        return Interacted(error, (perf_counter() - began) * 1000)

    def _obey(self, ack: Any, view: View) -> dict[str, str] | None:
        """Apply the ack; return errors for inputs."""
        if ack in (None, "", {}):
            self._views.close(view)
            return None
        match ack:
            case {"response_action": "errors", "errors": dict(errors)}:
                return _checked_errors(errors, view)
            case {"response_action": "update", "view": content}:
                self._views.update(view, checked_view(content, "modal"))
            case {"response_action": "push", "view": content}:
                checked = checked_view(content, "modal")
                if len(self._views.stack(view.owner)) >= STACKED:
                    raise ApiError("push_limit_reached")
                self._views.push(view.owner, checked)
            case {"response_action": "clear"}:
                self._views.clear(view.owner)
            case _:
                raise ApiError(INVALID_RESPONSE, ("unknown response_action, or its view or errors missing",))
        return None


def _checked_errors(errors: dict[str, Any], view: View) -> dict[str, str]:
    """Check that each error belongs to an input, because errors are only shown there."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    problems = [f"no input block has the id {block_id!r}" for block_id in errors.keys() - inputs]
    problems += [f"no words for {block_id!r}" for block_id, words in errors.items() if not words]
    if problems or not errors:
        raise ApiError(INVALID_RESPONSE, tuple(problems) or ("errors is empty",))
    return {block_id: str(words) for block_id, words in errors.items()}
