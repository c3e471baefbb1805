"""Views: each person's stack of modals, and the app's Home tab for each person."""

import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.block_ids import with_ids
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.form_state import State, carried_over, initial_state
from bot.sandbox.slack.workspace import Workspace

STACKED = 3
"""The most modals that one person can have open, one above the other."""


@dataclass(slots=True)
class View:
    """One view that a person sees.

    `content` is what the app sent, with ids added to its elements. `hash` changes with each change by the
    app. `channel` is the conversation that the person saw when the view was opened.
    """

    id: str
    owner: str
    content: dict[str, Any]
    state: State
    hash: str
    root: str
    previous: str | None = None
    channel: str | None = None

    @property
    def blocks(self) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = self.content["blocks"]
        return blocks

    @property
    def external_id(self) -> str:
        return str(self.content.get("external_id") or "")

    def flag(self, name: str) -> bool:
        """Return clear_on_close or notify_on_close."""
        return bool(self.content.get(name, False))


class Views:
    """Every view. Callers have checked the content before."""

    def __init__(self, workspace: Workspace, clock: Callable[[], float], changes: Changes) -> None:
        self._workspace = workspace
        self._clock = clock
        self._changes = changes
        self._stacks: defaultdict[str, list[View]] = defaultdict(list)
        self._homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        """Return a person's modals, the top one last."""
        return list(self._stacks[user])

    def home(self, user: str) -> View | None:
        return self._homes.get(user)

    def find(self, view_id: str | None = None, external_id: str | None = None) -> View | None:
        """Return the open view with this id or else external_id."""
        everything = [*self._homes.values(), *(view for stack in self._stacks.values() for view in stack)]
        for view in everything:
            if view_id == view.id or (not view_id and external_id and external_id == view.external_id):
                return view
        return None

    def acted_on(self, user: str, view_id: str) -> View:
        """Return the view in which that person can act: the modal on top, or the Home tab."""
        for view in (*self._stacks[user][-1:], self._homes.get(user)):
            if view is not None and view.id == view_id:
                return view
        raise ValueError(f"no view {view_id!r} is before that person")

    def on_top(self, user: str, view_id: str) -> View:
        """Return the modal on top of that person's stack, if it is this one."""
        for view in self._stacks[user][-1:]:
            if view.id == view_id:
                return view
        raise ValueError(f"no modal {view_id!r} is on top before that person")

    def open(self, user: str, content: dict[str, Any], channel: str | None = None) -> View:
        """Show a modal in place of all open ones."""
        self._stacks[user] = []
        return self.push(user, content, channel)

    def push(self, user: str, content: dict[str, Any], channel: str | None = None) -> View:
        """Show a modal above the open ones."""
        stack = self._stacks[user]
        view = self._new(user, content, channel or (stack[-1].channel if stack else None))
        if stack:
            view.root, view.previous = stack[0].id, stack[-1].id
        stack.append(view)
        self._changes.tell("views")
        return view

    def update(self, view: View, content: dict[str, Any]) -> None:
        """Replace the content of a view; elements that keep their ids keep their input."""
        view.content = content | {"blocks": with_ids(content["blocks"])}
        view.state = carried_over(view.state, view.blocks, view.channel)
        view.hash = self._new_hash()
        self._changes.tell("home" if content["type"] == "home" else "views")

    def set_state(self, view: View, state: State) -> None:
        view.state = state

    def publish(self, user: str, content: dict[str, Any]) -> View:
        """Show the Home tab; its view always stays the same one."""
        view = self._homes.get(user)
        if view is None:
            view = self._homes[user] = self._new(user, content)
            self._changes.tell("home")
        else:
            self.update(view, content)
        return view

    def close(self, view: View) -> None:
        """Remove one modal."""
        self._stacks[view.owner] = [other for other in self._stacks[view.owner] if other is not view]
        self._changes.tell("views")

    def clear(self, user: str) -> list[View]:
        """Remove and return all of a person's modals."""
        cleared, self._stacks[user] = self._stacks[user], []
        self._changes.tell("views")
        return cleared

    def as_json(self, view: View) -> dict[str, Any]:
        """Return the view object, as the API returns it and apps receive it."""
        content, bot = view.content, self._workspace.bot
        described: dict[str, Any] = {
            "id": view.id,
            "team_id": self._workspace.team_id,
            "type": content["type"],
            "blocks": view.blocks,
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "state": {"values": view.state},
            "hash": view.hash,
            "title": content.get("title"),
            "clear_on_close": view.flag("clear_on_close"),
            "notify_on_close": view.flag("notify_on_close"),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": view.previous,
            "root_view_id": view.root,
            "app_id": bot.app_id,
            "external_id": view.external_id,
            "app_installed_team_id": self._workspace.team_id,
            "bot_id": bot.bot_id,
        }
        if "submit_disabled" in content:
            described["submit_disabled"] = content["submit_disabled"]
        return described

    def _new(self, user: str, content: dict[str, Any], channel: str | None = None) -> View:
        view_id = f"V0{secrets.token_hex(5).upper()}"
        content = content | {"blocks": with_ids(content["blocks"])}
        state = initial_state(content["blocks"], channel)
        return View(view_id, user, content, state, self._new_hash(), root=view_id, channel=channel)

    def _new_hash(self) -> str:
        return f"{int(self._clock())}.{secrets.token_hex(4)}"
