"""Slack in, by Bolt's own kinds. Each command or button is one file, listed in its folder's `__init__.py`."""

from collections.abc import Iterable

from slack_bolt.app.async_app import AsyncApp

from bot.listeners.actions import ACTIONS, open_announcement
from bot.listeners.commands import COMMANDS
from bot.listeners.events import EVENTS
from bot.listeners.options import OPTIONS
from bot.listeners.pipeline import Pipeline
from bot.listeners.shortcuts import SHORTCUTS
from bot.listeners.use import AnyButton, AnyOptions, AnyShortcut, AnyView, Command, Event, Services
from bot.listeners.views import VIEWS
from bot.messages.buttons import OPEN_ANNOUNCEMENT


def register(
    bolt: AsyncApp,
    services: Services,
    *,
    commands: Iterable[Command] = COMMANDS,
    actions: Iterable[AnyButton] = ACTIONS,
    views: Iterable[AnyView] = VIEWS,
    shortcuts: Iterable[AnyShortcut] = SHORTCUTS,
    options: Iterable[AnyOptions] = OPTIONS,
    events: Iterable[Event] = EVENTS,
) -> None:
    """Register a Bolt listener for every command, button, modal, shortcut, menu and event of the lists."""
    pipeline = Pipeline(services)
    for command in commands:
        bolt.command(command.name)(pipeline.listen_to_command(command))
    for button in actions:
        bolt.action(button.pattern)(pipeline.listen_to_button(button))
    for view in views:
        bolt.view(view.callback_id)(pipeline.listen_to_view(view))
    for shortcut in shortcuts:
        bolt.shortcut(shortcut.callback_id)(pipeline.listen_to_shortcut(shortcut))
    for menu in options:
        bolt.options(menu.action_id)(pipeline.listen_to_options(menu))
    for event in events:
        bolt.event(event.name)(pipeline.listen_to_event(event))
    bolt.action(OPEN_ANNOUNCEMENT)(open_announcement.acknowledge)
