"""What the terminal says of failures, and the exit status: 1 failed, 2 wrong settings."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bot.errors import AvatarError, ReasonedError, SettingsError, StartupError
from bot.messages.reasons import on_one_line


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Print the bot's own errors as a sentence on standard error, without a traceback, and exit.

    Output is written by then: where it cannot be, Python itself would notice too late to say so.
    """
    try:
        yield
        sys.stdout.flush()
    except SettingsError as error:
        typer.echo("Wrong settings:", err=True)
        for fault in error.faults:
            typer.echo(f"  {fault.name}: {fault.remedy}", err=True)
        raise typer.Exit(2) from None
    except AvatarError as error:
        typer.echo(in_words(error), err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:
        write_no_more()
        raise typer.Exit(0) from None


def in_words(error: AvatarError) -> str:
    """Return what a failure is, and what to do."""
    if isinstance(error, ReasonedError):
        return on_one_line(error)
    return f"{error} {error.advice}".rstrip() if isinstance(error, StartupError) else str(error)


def write_no_more() -> None:
    """Discard buffered output, so that Python does not fail again when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
