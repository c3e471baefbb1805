"""Messages of break glass: some people may start what the policy refuses, if they give a reason."""

from typing import Any

from bot.domain.invocation import Invocation, Source
from bot.messages.message import Message, actions, button, context, plain, section
from bot.messages.mrkdwn import code, escape, mention

BREAK_GLASS = "break_glass"
REASON_FIELD = "reason"
MOST_REASON = 500
"""Maximum characters of a reason."""

LABEL = "Start anyway with a reason"


def with_break_glass(refusal: Message, value: str) -> Message:
    """Add the button to a refusal, for a person who may break the glass."""
    blocks = refusal.blocks or (section(refusal.text),)
    return Message(refusal.text, (*blocks, actions([button(LABEL, action_id=BREAK_GLASS, value=value)])))


def asking(
    refused: Invocation, metadata: str, *, refusal: Message | None = None, remark: str = ""
) -> dict[str, Any]:
    """Return the modal that asks for the reason. Slack returns `metadata` when it is submitted.

    Args:
        refusal: what the person has not read yet.
        remark: what is not done with the start.
    """
    named = refused.room_name or (refused.request.room_id if refused.request else "")
    room = f" of room {code(named, 80)}" if named else ""
    return {
        "type": "modal",
        "callback_id": BREAK_GLASS,
        "title": plain("Start anyway"),
        "submit": plain("Start"),
        "close": plain("Do not start"),
        "private_metadata": metadata,
        "blocks": [
            *([section(refusal.text)] if refusal else ()),
            section(
                f"The bot's policy refuses this start{room}. You may start it all the same. "
                "The announcement and the log say that you did, and why."
            ),
            *([context(remark)] if remark else ()),
            {
                "type": "input",
                "block_id": REASON_FIELD,
                "label": plain("Reason"),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON_FIELD,
                    "multiline": True,
                    "max_length": MOST_REASON,
                },
            },
        ],
    }


def glass_note(start: Invocation) -> str:
    """Return the announcement's line about break glass, or an empty text for any other start."""
    if start.source is not Source.BREAK_GLASS:
        return ""
    why = escape(" ".join(start.text.split()), MOST_REASON)
    return f"Break glass: {mention(start.origin.user_id)} started what the policy refuses. Reason: {why}"
