"""What the bot answers to one person: acks, usage, refusals, and how a start ended that made no job."""

from bot.errors import AvatarError, InvalidArguments, MetaStudioError, OutcomeUnknown
from bot.messages import words
from bot.messages.message import Message
from bot.messages.mrkdwn import code, escape
from bot.model import Invocation, RoomType, StartRequest
from bot.parsing import Regions

_ERROR_LIMIT = 1500


def starting(request: StartRequest) -> Message:
    """The ack of a start that is under way."""
    where = f" in {words.region(request.region)}" if request.region else ""
    return Message(f"Starting room {code(request.room_id)}{where} …")


def usage(command: str, regions: Regions) -> Message:
    """How to use the command."""
    allowed = ", ".join(words.region(region) for region in regions.allowed)
    default = f"left out, it is {words.region(regions.default)}" if regions.default else "may be left out"
    kinds = ", ".join(code(kind) for kind in RoomType)
    return Message(
        "\n".join(
            (
                f"*{escape(command, 50)}* starts a virtual avatar in a room and tells this channel.",
                f"Use: {code(f'{command} room_id [region] [room_type=…] [client_id=…]')}",
                "• `room_id`: the interactive dialog's ID, from the MetaStudio console",
                f"• `region`: where it runs: {allowed}; {default}",
                f"• `room_type`: {kinds}; left out, it is `RTC`",
                "• `client_id`: your own ID for this use, up to 128 characters",
                f"Example: {code(f'{command} 24bad716-87b1-45e5-8912-6102f7693265 {regions.allowed[0]}')}",
            )
        )
    )


def declined(error: AvatarError, command: str) -> Message:
    """Why nothing was started, for what is found out before the ack."""
    usage = (
        f" {code(f'{command} help')} shows what can be typed." if isinstance(error, InvalidArguments) else ""
    )
    return Message(f"{_said(error)}\nNothing was started.{usage}")


def not_started(invocation: Invocation, error: AvatarError) -> Message:
    """How a start ended that was acknowledged and made no announcement."""
    room = code(invocation.room_id or "")
    if isinstance(error, OutcomeUnknown):
        verdict = (
            f"*It is not known whether room {room} started.* "
            "The start was not sent again, so that nothing runs twice."
        )
    else:
        verdict = f"*Room {room} was not started.*"
    return Message(f"{verdict}\n{_said(error)}\n{_reference(invocation, error)}")


def went_wrong(reference: str) -> Message:
    """An error of the bot's own, before anything was started."""
    return Message(
        f"Something went wrong inside the bot, and nothing was started. "
        f"Whoever runs it finds more under {code(reference)}."
    )


def _said(error: AvatarError) -> str:
    label = "" if isinstance(error, InvalidArguments) else "*What to do:* "
    advice = f"\n{label}{escape(error.advice, _ERROR_LIMIT)}" if error.advice else ""
    return escape(str(error), _ERROR_LIMIT) + advice


def _reference(invocation: Invocation, error: AvatarError) -> str:
    parts = []
    if isinstance(error, MetaStudioError):
        answer = error.answer
        if answer.error_code:
            parts.append(code(answer.error_code))
        if answer.http_status:
            parts.append(f"HTTP {answer.http_status}")
        if answer.request_id:
            parts.append(f"request ID {code(answer.request_id)}")
    parts.append(f"{'log' if parts else 'Log'} entry {code(invocation.id)}")
    return " · ".join(parts)
