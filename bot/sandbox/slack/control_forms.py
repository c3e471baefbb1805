"""Endpoints under /sandbox/ for what people do with messages, modals and the Home tab."""

from dataclasses import asdict
from typing import Any, Protocol

from aiohttp import web

from bot.sandbox.json_requests import in_words, optional_object, optional_string, read_body, required_string
from bot.sandbox.slack.actions import Act, Actions
from bot.sandbox.slack.delivery import Interacted
from bot.sandbox.slack.forms import Forms
from bot.sandbox.slack.shortcuts import Shortcuts
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.workspace import Workspace

_VALUES = ("type", "value", "rich_text_value")


class Interactive(Protocol):
    """The part of the stand-in that these endpoints use."""

    workspace: Workspace
    actions: Actions
    forms: Forms
    views: Views
    shortcuts: Shortcuts

    async def open_home(self, user: str) -> Interacted: ...


class FormsControl:
    """HTTP handlers that call the stand-in's methods."""

    def __init__(self, stand_in: Interactive) -> None:
        self._stand_in = stand_in

    def register(self, application: web.Application) -> None:
        router = application.router
        router.add_post("/sandbox/actions", in_words(self.act))
        router.add_get("/sandbox/views", in_words(self.list_views))
        router.add_post("/sandbox/views/submit", in_words(self.submit))
        router.add_post("/sandbox/views/close", in_words(self.close))
        router.add_post("/sandbox/options", in_words(self.suggest))
        router.add_post("/sandbox/shortcuts", in_words(self.use_shortcut))
        router.add_get("/sandbox/home", in_words(self.show_home))
        router.add_post("/sandbox/home/open", in_words(self.open_home))

    async def act(self, request: web.Request) -> web.Response:
        """Act in a message (`channel`, `message_ts`) or in a view (`view_id`, other input as `values`)."""
        body = await read_body(request)
        viewer = self._person(body)
        given = {
            name: value for name, value in body.items() if name in _VALUES or name.startswith("selected_")
        }
        act = Act(required_string(body, "block_id"), required_string(body, "action_id"), given)
        actions = self._stand_in.actions
        if view_id := optional_string(body, "view_id"):
            acted = await actions.in_view(viewer, view_id, act, optional_object(body, "values"))
        else:
            channel, ts = required_string(body, "channel"), required_string(body, "message_ts")
            acted = await actions.in_message(viewer, channel, ts, act)
        return web.json_response(asdict(acted))

    async def list_views(self, request: web.Request) -> web.Response:
        views = self._stand_in.views
        stack = views.stack(self._person(dict(request.query)))
        return web.json_response({"views": [views.as_json(view) for view in stack]})

    async def submit(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        submitted = await self._stand_in.forms.submit(
            self._person(body), required_string(body, "view_id"), optional_object(body, "values")
        )
        return web.json_response(asdict(submitted))

    async def close(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        closed = await self._stand_in.forms.close(self._person(body), required_string(body, "view_id"))
        return web.json_response(asdict(closed))

    async def suggest(self, request: web.Request) -> web.Response:
        """Type in a menu of a view (`view_id`, `block_id`, `action_id`, `value`); return its options."""
        body = await read_body(request)
        suggested = await self._stand_in.forms.suggest(
            self._person(body),
            required_string(body, "view_id"),
            required_string(body, "block_id"),
            required_string(body, "action_id"),
            optional_string(body, "value") or "",
        )
        return web.json_response(asdict(suggested))

    async def use_shortcut(self, request: web.Request) -> web.Response:
        """Use a shortcut (`callback_id`) in a `channel`, or on one of its messages (`message_ts`)."""
        body = await read_body(request)
        who, name = self._person(body), required_string(body, "callback_id")
        channel, shortcuts = required_string(body, "channel"), self._stand_in.shortcuts
        if ts := optional_string(body, "message_ts"):
            used = await shortcuts.use_on(who, name, channel, ts)
        else:
            used = await shortcuts.use(who, name, channel)
        return web.json_response(asdict(used))

    async def show_home(self, request: web.Request) -> web.Response:
        views = self._stand_in.views
        view = views.home(self._person(dict(request.query)))
        return web.json_response({"view": None if view is None else views.as_json(view)})

    async def open_home(self, request: web.Request) -> web.Response:
        opened = await self._stand_in.open_home(self._person(await read_body(request)))
        return web.json_response(asdict(opened))

    def _person(self, body: dict[str, Any]) -> str:
        viewer = required_string(body, "viewer")
        if viewer not in self._stand_in.workspace.people:
            raise ValueError(f"nobody here has the user id {viewer!r}")
        return viewer
