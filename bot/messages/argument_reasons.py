"""The words for errors in typed text and in the values of buttons."""

from collections.abc import Callable, Sequence

from bot.domain.arguments import OPTIONS
from bot.domain.invocation import RoomType
from bot.domain.typed_text import peculiarities
from bot.messages.reason_wording import Args, Wording, Words, quoted, text_in
from bot.reasons import ReasonCode as Code

_AFTER = {
    "start": "Only a room ID and a region stand alone; the rest is `room_type=…` and `client_id=…`.",
    "stop": "After `stop` come a job ID and, at most, its room ID.",
}


def _unusable(verdict: str) -> Callable[[Args], str]:
    """Say what is wrong with a word, and name its characters that a reader cannot see or tell apart."""
    return lambda args: f"{quoted(args)} {verdict}.{_oddities(args)}"


def _no_subcommand(args: Args) -> str:
    return f"There is no subcommand {quoted(args)}.{_oddities(args)}"


def _oddities(args: Args) -> str:
    hidden = peculiarities(text_in(args, "word"))
    return f" It holds {hidden}." if hidden else ""


def _allowed(values: Sequence[str]) -> Words:
    return lambda args: _with_guess(values, args)


def _allowed_words(args: Args) -> str:
    return _with_guess(text_in(args, "allowed").split(), args)


def _with_guess(values: Sequence[str], args: Args) -> str:
    listed = f"Allowed: {', '.join(f'`{value}`' for value in values)}."
    return f"{listed} Did you mean `{args['close']}`?" if "close" in args else listed


def _region_first(args: Args) -> str:
    return f"The room ID comes first: `room_id {text_in(args, 'word').lower()}`."


ARGUMENT_WORDINGS = {
    Code.TEXT_TOO_LONG: Wording("The text is too long.", "A few words are enough."),
    Code.ROOM_ID_MISSING: Wording("The room ID is missing.", "It comes first: `room_id region`."),
    Code.ROOM_ID_UNUSABLE: Wording(
        _unusable("is not a room ID"),
        "A room ID has 1 to 64 letters, digits, `-` and `_`, e.g. `24bad716-87b1-45e5-8912-6102f7693265`.",
    ),
    Code.REGION_IN_PLACE_OF_ROOM_ID: Wording(
        lambda args: f"{quoted(args)} is a region; the room ID belongs in its place.", _region_first
    ),
    Code.REGION_UNKNOWN: Wording(_unusable("is not a region that this bot may use"), _allowed_words),
    Code.ROOM_TYPE_UNKNOWN: Wording(_unusable("is not a room type"), _allowed(tuple(RoomType))),
    Code.CLIENT_ID_UNUSABLE: Wording(
        _unusable("is not a client ID"), "A client ID has 1 to 128 letters, digits and signs."
    ),
    Code.JOB_ID_MISSING: Wording("The job ID is missing.", "It comes after the word: `stop job_id`."),
    Code.JOB_ID_UNUSABLE: Wording(
        _unusable("is not a job ID"),
        "The job ID stands in the job's announcement, e.g. `26f06524-4f75-4b3a-a853-b649a21aaf66`.",
    ),
    Code.SUBCOMMAND_UNKNOWN: Wording(_no_subcommand, _allowed_words),
    Code.WORD_OF_OTHER_COMMAND: Wording(
        lambda args: f"{quoted(args)} belongs to `/avatar`, not to `/avatar-start`.",
        lambda args: f"Type `/avatar {text_in(args, 'word').lower()}` instead.",
    ),
    Code.OPTION_UNKNOWN: Wording(_unusable("is not an option"), _allowed(OPTIONS)),
    Code.OPTION_GIVEN_TWICE: Wording("`{name}` is given twice.", "Keep one of them."),
    Code.OPTION_EMPTY: Wording("`{name}=` has no value.", "Give it one, or leave it out."),
    Code.WORD_TOO_MANY: Wording(
        _unusable("is one word too many"),
        lambda args: _AFTER.get(text_in(args, "after")) or f"`{text_in(args, 'after')}` stands alone.",
    ),
    Code.JOB_NOT_STARTED_HERE: Wording(
        "The bot has not started a job `{job_id}`.",
        "For a job that was started elsewhere, name its room as well: `stop job_id room_id`.",
    ),
    Code.BUTTON_NAMES_NO_JOB: Wording("This button names no job."),
    Code.BUTTON_NAMES_NO_REFUSED_START: Wording("This button is about no start that was refused."),
    Code.BUTTON_NAMES_NO_MISTAKE: Wording("This button is about no mistake."),
    Code.BUTTON_NAMES_NO_ROOM: Wording("The button says nothing of what to start."),
    Code.BREAK_GLASS_REASON_MISSING: Wording("Give a reason.", "It stands in the announcement."),
    Code.START_NOT_IN_LOG: Wording("This start is no longer in the log.", "Type the command again."),
    Code.NO_START_HERE: Wording("This channel has no start to repeat.", "Name a room: `room_id region`."),
    Code.JOB_NOT_OVER: Wording("This job is not over yet.", "Stop it first."),
}
