"""The modal with the RTC room's credentials: the one place where a signature is shown, to one person.

Modals are Slack's view objects (https://docs.slack.dev/reference/views). What is shown here goes into no
message, no log and no database.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.arguments import JobRef
from bot.domain.job import Number, RtcRoomInfo, RtcUser
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.message import SECTION_LIMIT, Block, context, fields, section
from bot.messages.mrkdwn import code, escape, moment, pieces
from bot.messages.views import modal

MOST_BLOCKS = 80
"""Slack takes 100 blocks, and 250,000 bytes in all: 80 full sections keep to both."""

_PIECE = 2500
"""Of a signature, so that a section has room for whose it is."""

_YEAR_3000 = 32_503_680_000

_NO_ACCESS = "The job has no RTC access at the moment. If it is not running yet, look again when it is."
_SMALL_PRINT = (
    "A signature is a credential: whoever has it enters the RTC room until it expires. "
    "It is shown to nobody but you, and the bot keeps it nowhere."
)


def opening(ref: JobRef) -> dict[str, Any]:
    """Return the modal to show until MetaStudio answers. Slack lets a modal open only at once."""
    return _view([section(f"Asking MetaStudio how to enter the RTC room of job {code(ref.job_id)} …")])


def access(ref: JobRef, room: RtcRoomInfo, now: datetime, *, room_name: str | None = None) -> dict[str, Any]:
    """All that somebody needs to enter the job's RTC room."""
    which = section(f"{words.capital(words.room(ref.room_id, room_name))} · job {code(ref.job_id)}")
    users = [user for user in room.users or () if user]
    if not users:
        return _view([which, section(_NO_ACCESS)])
    known = (("App ID", room.app_id), ("RTC room", room.room_id))
    facts = [(label, code(value)) for label, value in known if value and code(value)]
    return _view([which, *([fields(facts)] if facts else ()), *_users(users, now), context(_SMALL_PRINT)])


def no_access(ref: JobRef, life: JobLife, *, room_name: str | None = None) -> dict[str, Any]:
    """Return the modal that says that the job is over, so nobody can join it."""
    how = words.headline(words.room(ref.room_id, room_name), life)
    return _view([section(f"{how}\nNobody can join it any more. Job {code(ref.job_id)}")])


def refused_access(text: str) -> dict[str, Any]:
    """Return the modal that says why there is no access. The text is escaped here."""
    return _view([section(escape(text, SECTION_LIMIT))])


def _view(blocks: Sequence[Block]) -> dict[str, Any]:
    return modal("RTC access", blocks)


def _users(users: Sequence[RtcUser], now: datetime) -> Iterator[Block]:
    """Each user whole or, past the limit, counted: half a signature is of no use."""
    left = MOST_BLOCKS
    for number, user in enumerate(users):
        blocks = list(_user(user, now))
        if len(blocks) > left:
            yield section(f"and {len(users) - number} more")
            return
        left -= len(blocks)
        yield from blocks


def _user(user: RtcUser, now: datetime) -> Iterator[Block]:
    kind = words.rtc_user(user.user_type or "user of an unnamed kind")
    lines = [f"*{kind[0].upper()}{kind[1:]}*"]
    if user.user_id and code(user.user_id):
        lines[0] += f" · user ID {code(user.user_id)}"
    if user.ctime is not None:
        lines += _expiry(user.ctime, now)
    signature = user.signature.get_secret_value() if user.signature else ""
    if not signature:
        yield section("\n".join([*lines, "No signature"]))
        return
    first, *rest = pieces(signature, _PIECE)
    if rest:
        lines.append(f"The signature comes in {len(rest) + 1} parts, to be joined without a blank.")
    yield section("\n".join([*lines, _block(first)]))
    yield from (section(_block(piece)) for piece in rest)


def _block(piece: str) -> str:
    return f"```{piece}```"


def _expiry(ctime: Number, now: datetime) -> list[str]:
    """Until when the signature works; nothing where the number is no moment of our calendar."""
    if not 0 < ctime < _YEAR_3000:
        return []
    when = datetime.fromtimestamp(ctime, UTC)
    left = (when - now).total_seconds()
    return [f"Expires: {moment(when)}, in {words.duration(left)}" if left > 0 else f"Expired: {moment(when)}"]
