"""`/avatar help | jobs | stop … | quick …`."""

from bot.domain.correction import AVATAR_COMMAND
from bot.domain.invocation import Action
from bot.listeners.commands.avatar import help as help_
from bot.listeners.commands.avatar import jobs, quick, stop
from bot.listeners.use import AnySubcommand, Command

SUBCOMMANDS: tuple[AnySubcommand, ...] = (
    help_.SUBCOMMAND,
    jobs.SUBCOMMAND,
    stop.SUBCOMMAND,
    quick.SUBCOMMAND,
)
"""The subcommands that are listened to."""

COMMAND = Command(
    name=AVATAR_COMMAND,
    description="See which avatar jobs run, and stop them",
    usage_hint="help | jobs | stop job_id | quick …",
    action=Action.HELP,
    subcommands=SUBCOMMANDS,
)
