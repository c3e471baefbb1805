"""The global shortcut *Start an avatar*: the form, from anywhere in Slack."""

from bot.domain.invocation import Action
from bot.listeners.about_form import open_form
from bot.listeners.use import Shortcut, about_nothing, parse_nothing

SHORTCUT = Shortcut(
    callback_id="start_avatar",
    name="Start an avatar",
    description="Start a virtual avatar in a room and tell a channel",
    action=Action.FORM,
    parse=parse_nothing,
    find=about_nothing,
    handle=open_form,
    verdict="Nothing was started.",
)
