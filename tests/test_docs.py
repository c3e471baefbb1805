"""README's settings table, the manifest and the code say the same."""

import re
from pathlib import Path

import pytest
import yaml

from bot.cli.main import cli
from bot.domain.policy import Policy
from bot.domain.policy_tables import StartRules
from bot.listeners.commands import COMMANDS
from bot.listeners.events import EVENTS
from bot.listeners.shortcuts import SHORTCUTS
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ROW = re.compile(r"^\| `([A-Z_]+)` \| (required|`([^`]*)`|) ?\|", re.MULTILINE)


def test_every_setting_is_in_the_readme_and_nothing_else() -> None:
    assert sorted(name for name, _, _ in ROW.findall(README)) == sorted(Settings.model_fields)


@pytest.mark.parametrize(("name", "shown", "default"), ROW.findall(README))
def test_the_defaults_in_the_readme_are_those_of_the_code(name: str, shown: str, default: str) -> None:
    field = Settings.model_fields[name]
    if shown == "required":
        assert field.is_required()
        return
    value = field.get_default()
    secret = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    plain = ",".join(secret) if isinstance(secret, tuple) else secret
    assert str("" if plain is None else plain) == default


def test_the_manifest_has_the_commands_the_buttons_and_just_two_scopes() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())

    assert manifest["features"]["slash_commands"] == [
        {
            "command": command.name,
            "description": command.description,
            "usage_hint": command.usage_hint,
            "should_escape": True,
        }
        for command in COMMANDS
    ]
    assert manifest["features"]["shortcuts"] == [
        {
            "name": shortcut.name,
            "type": "message" if shortcut.of_messages else "global",
            "callback_id": shortcut.callback_id,
            "description": shortcut.description,
        }
        for shortcut in SHORTCUTS
    ]
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    events = [event.name for event in EVENTS]
    assert manifest["settings"]["event_subscriptions"] == {"bot_events": events}
    home = manifest["features"]["app_home"]
    assert (home["home_tab_enabled"], home["messages_tab_enabled"]) == (True, True)
    assert manifest["oauth_config"]["scopes"]["bot"] == ["commands", "chat:write"]
    assert manifest["oauth_config"]["scopes"]["bot_optional"] == ["usergroups:read"]
    assert manifest["settings"]["socket_mode_enabled"] is True


def test_the_manifest_keeps_to_slacks_limits() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())

    assert len(manifest["display_information"]["description"]) <= 140
    for command in manifest["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["usage_hint"]) <= 1000
    for shortcut in manifest["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_the_steps_for_http_name_every_address_that_slack_needs() -> None:
    [steps] = [line for line in README.splitlines() if line.startswith("**HTTP instead of Socket Mode:**")]

    for name in ("url", "request_url", "message_menu_options_url"):
        assert f"`{name}: https://your.host/slack/events`" in steps


def test_every_command_line_that_the_readme_shows_exists() -> None:
    shown = set(re.findall(r"(?:`|/|^)avatar-bot ([a-z]+)", README, re.MULTILINE))
    known = {
        command.name or command.callback.__name__ for command in cli.registered_commands if command.callback
    } | {group.typer_instance.info.name for group in cli.registered_groups if group.typer_instance}

    assert shown
    assert shown <= known


def test_the_policy_in_the_readme_has_every_rule() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    policy = Policy.parse(example)

    tables = {"start", "stop", "rtc", "look", "quick", "deny", "break_glass"}
    assert policy.model_fields_set == tables | {"ask", "admins"}
    assert policy.start.model_fields_set == set(StartRules.model_fields)


def test_the_architecture_names_every_module() -> None:
    described = (ROOT / "docs" / "architecture.md").read_text()
    modules = [path.name for path in (ROOT / "bot").glob("*.py") if not path.name.startswith("__")]
    packages = [f"{path.parent.name}/" for path in (ROOT / "bot").glob("*/__init__.py")]

    assert [name for name in (*modules, *packages) if f"`{name}" not in described] == []


def test_the_documents_name_files_that_exist() -> None:
    for document in (ROOT / "README.md", ROOT / "docs" / "architecture.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), target
