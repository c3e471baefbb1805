"""Commands are numbered, and the number stands in every ID that belongs to one.

So whoever sees a room, a job or a message knows at once which command it came from, and each command has a
room of its own: the bot refuses the same room twice within ten seconds.
"""

import re

ROOM = "24bad716-87b1-45e5-8912-"
JOB = "5d0c8a3e-66d4-4e75-9087-"
PLACE = "0" * 12
"""Where the number comes, in what is rendered beforehand."""

IN_ROOM = re.compile(ROOM.encode() + rb"(\d{12})")
IN_JOB = re.compile(JOB.encode() + rb"(\d{12})")


def room_of(number: int) -> str:
    """The room that a command names."""
    return f"{ROOM}{number:012d}"


def job_of(number: int) -> str:
    """The job that MetaStudio makes of it."""
    return f"{JOB}{number:012d}"
