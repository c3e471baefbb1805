"""The way in: `python -m bot` is `avatar-bot`. Sets Python's garbage collector for a process that stays.

Modules make many objects and hardly any garbage, so collecting while they are imported is a tenth of the
start, and going through them again later a tenth of what a command costs (both measured).
"""

import gc

NEW_OBJECTS = 5000
"""How many more objects there must be before they are looked through. Python's own 700 are one command's."""


def main() -> None:
    """Run the command line."""
    gc.disable()
    from bot.cli import main as run_command_line  # noqa: PLC0415 - all imports come with it

    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
    gc.enable()
    run_command_line()


if __name__ == "__main__":
    main()
