"""The button that does what was meant by a mistake."""

from bot.domain.arguments import ButtonValue
from bot.domain.correction import AVATAR_COMMAND, START_COMMAND, Correction
from bot.messages.buttons import stop_question
from bot.messages.message import BUTTON_TEXT_LIMIT, BUTTON_VALUE_LIMIT, Block, button
from bot.messages.mrkdwn import escape
from bot.reasons import Reason
from bot.reasons import ReasonCode as Code

MEANT = "meant"
"""The action ID of the button."""

_OF_A_START = {Code.REGION_UNKNOWN: "Start in {close}", Code.ROOM_TYPE_UNKNOWN: "Start as {close}"}


def meant_button(invocation_id: str, meant: Correction, why: Reason) -> Block | None:
    """Do what was meant, after a question if that stops a job. None if a button cannot say or hold it.

    Args:
        invocation_id: the row of the mistake, which the button is about.
        why: the mistake.
    """
    label, value = _label(meant, why), ButtonValue(invocation_id, meant.typed).value
    if len(label) > BUTTON_TEXT_LIMIT or len(value) > BUTTON_VALUE_LIMIT:
        return None
    stops = _stops(meant)
    question = stop_question(f"{escape(meant.typed, 150)} ends it at once.")
    return button(
        label,
        action_id=MEANT,
        value=value,
        style="danger" if stops else "primary",
        confirm=question if stops else None,
    )


def _label(meant: Correction, why: Reason) -> str:
    if meant.command == START_COMMAND and why.code in _OF_A_START and "close" in why.args:
        return _OF_A_START[why.code].format(close=why.args.get("close"))
    if meant.command == START_COMMAND and meant.text not in {"help", "again"}:
        return f"Start {meant.text}"
    if meant == Correction(AVATAR_COMMAND, "jobs"):
        return "Show the jobs"
    return f"Stop {meant.text.partition(' ')[2]}" if _stops(meant) else meant.typed


def _stops(meant: Correction) -> bool:
    return meant.command == AVATAR_COMMAND and meant.text.startswith("stop ")
