"""The way in: `python -m bot` is `avatar-bot`. Sets Python's garbage collector for a process that stays.

Modules make many objects and hardly any garbage, so collecting while they are imported is a tenth of the
start, and going through them again later a tenth of what a command costs (both measured).
"""

import gc

THRESHOLDS = (5000, 10, 4)
"""After how many new objects the young ones are looked through, after how many such rounds the older ones,
and after how many of those all that are not frozen. With Python's own (700, 10, 10) a crowd's commands cost
more (measured)."""


def main() -> None:
    """Run the command line."""
    gc.disable()
    from bot.cli import main as run_command_line  # noqa: PLC0415 - nearly all imports come with it

    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
    run_command_line()


if __name__ == "__main__":
    main()
