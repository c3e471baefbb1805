"""The entry point: `python -m bot` is `avatar-bot`. It prepares the process before most imports.

The garbage collector is tuned for a long-running process. Imports create many objects and hardly any garbage.
Without this tuning, collections during the imports take a tenth of the start, and later collections of the
same objects take a tenth of a command's time (both measured).
"""

import gc
import os
from pathlib import Path

from bot.cli.terminal import prepare_streams

THRESHOLDS = (5000, 10, 4)
"""The thresholds of the three generations: new objects until a collection of the first, and collections of
each generation until one of the next. With Python's own (700, 10, 10) a crowd's commands cost more time
(measured)."""


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
    """Set HOME to `/` for a user without a home folder, as systemd does: slack-bolt's import needs one."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"


if __name__ == "__main__":
    main()
