"""A stand-in for Slack: the real protocols and the real limits, on 127.0.0.1, with no account."""

from bot.sandbox.slack.actions import Act
from bot.sandbox.slack.commands import CommandResult, SlashCommand
from bot.sandbox.slack.delivery import Interacted
from bot.sandbox.slack.forms import Submitted, Suggested
from bot.sandbox.slack.limits import block_problems
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.server import SlackStandIn
from bot.sandbox.slack.shortcuts import KnownShortcut
from bot.sandbox.slack.traffic import Exchange, Traffic
from bot.sandbox.slack.trouble import Answered, Trouble
from bot.sandbox.slack.web_api import Tokens
from bot.sandbox.slack.workspace import AppIdentity, Channel, Person, Workspace, default_workspace

__all__ = [
    "Act",
    "Answered",
    "AppIdentity",
    "Channel",
    "CommandResult",
    "Exchange",
    "Interacted",
    "KnownShortcut",
    "Message",
    "Person",
    "SlackStandIn",
    "SlashCommand",
    "Submitted",
    "Suggested",
    "Tokens",
    "Traffic",
    "Trouble",
    "Workspace",
    "block_problems",
    "default_workspace",
]
