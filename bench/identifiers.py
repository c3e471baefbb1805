"""Number the commands, and put the number into every ID that belongs to one.

A room, a job or a message therefore shows which command it belongs to. Each command has its own room, because
the bot refuses the same room twice within ten seconds.
"""

import re

ROOM = "24bad716-87b1-45e5-8912-"
JOB = "5d0c8a3e-66d4-4e75-9087-"
PLACE = "0" * 12
"""The placeholder of the number in content that is rendered beforehand."""

IN_ROOM = re.compile(ROOM.encode() + rb"(\d{12})")
IN_JOB = re.compile(JOB.encode() + rb"(\d{12})")


def room_of(number: int) -> str:
    """Return the room that a command names."""
    return f"{ROOM}{number:012d}"


def job_of(number: int) -> str:
    """Return the job that MetaStudio creates for a command."""
    return f"{JOB}{number:012d}"
