"""The answers to `help`: how to use the commands."""

from bot.domain.arguments import Regions
from bot.domain.invocation import RoomType
from bot.messages import words
from bot.messages.message import Message
from bot.messages.mrkdwn import code, escape

_OR_A_NAME = 'or a quick start, or the room\'s name: `"Lobby kiosk"`'


def usage(command: str, regions: Regions) -> Message:
    """Say how to use the command that starts avatars."""
    allowed = ", ".join(words.region(region) for region in regions.allowed)
    default = f"left out, it is {words.region(regions.default)}" if regions.default else "may be left out"
    kinds = ", ".join(code(kind) for kind in RoomType)
    return Message(
        "\n".join(
            (
                f"*{escape(command, 50)}* starts a virtual avatar in a room and tells this channel.",
                f"Use: {code(f'{command} room_id [region] [room_type=…] [client_id=…]')}",
                f"• {code(command)} alone: a form with all of this",
                f"• {code(f'{command} again')}: this channel's last start once more",
                f"• `room_id`: the interactive dialog's ID, from the MetaStudio console; {_OR_A_NAME}",
                f"• `region`: where it runs: {allowed}; {default}",
                f"• `room_type`: {kinds}; left out, it is `RTC`",
                "• `client_id`: your own ID for this use, up to 128 characters",
                f"Example: {code(f'{command} 24bad716-87b1-45e5-8912-6102f7693265 {regions.allowed[0]}')}",
            )
        )
    )


def avatar_usage(command: str, start_command: str) -> Message:
    """Say how to use the command for jobs that run."""
    return Message(
        "\n".join(
            (
                f"*{escape(command, 50)}* shows the jobs that run, and stops them.",
                f"• {code(f'{command} jobs')}: what starts, runs, or has just ended, with buttons",
                f"• {code(f'{command} stop job_id')}: stops a job; a room or a quick start does as well",
                f"• {code(f'{command} stop job_id room_id')}: stops one that was not started with this bot",
                f"• {code(f'{command} quick help')}: quick starts, which give names to what you start often",
                f"{code(f'{start_command} help')} shows how to start one.",
            )
        )
    )
