"""The way in: `python -m bot` is `avatar-bot`. Prepares the process before nearly all imports.

Python's garbage collector is set for a process that stays. Modules make many objects and hardly any garbage,
so collecting while they are imported is a tenth of the start, and going through them again later a tenth of
what a command costs (both measured).
"""

import gc
import os
from pathlib import Path

from bot.cli.terminal import prepare_streams

THRESHOLDS = (5000, 10, 4)
"""After how many new objects the young ones are looked through, after how many such rounds the older ones,
and after how many of those all that are not frozen. With Python's own (700, 10, 10) a crowd's commands cost
more (measured)."""


def main() -> None:
    """Run the command line."""
    prepare_streams()
    _have_a_home()
    gc.disable()
    from bot.cli.main import main as run_command_line  # noqa: PLC0415 - nearly all imports come with it

    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
    run_command_line()


def _have_a_home() -> None:
    """Without one slack-bolt cannot be imported. A user who has none gets `/`, as from systemd."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"


if __name__ == "__main__":
    main()
