"""The words for errors about quick starts and room names."""

import unicodedata

from bot.domain.quick_start import MOST_QUICK_STARTS
from bot.domain.typed_text import peculiarities
from bot.messages.reason_wording import TRY_AGAIN, Args, Wording, quoted, text_in
from bot.reasons import ReasonCode as Code

_USAGE = {
    "add": "`quick add NAME room_id [region]`",
    "rename": "`quick rename OLD NEW`",
    "remove": "`quick remove NAME`",
}
_NAME_RULE = "A name has 1 to 32 small letters, digits and `-`, and begins with a letter or digit: `lobby-2`."
_NO_PANEL = {
    "is_archived": ("this channel is archived", "Take the channel out of the archive, or use another one."),
    "not_in_channel": ("the bot is not in this channel", "Invite it: `/invite @Avatar bot`."),
    "channel_not_found": ("the bot is not in this channel", "Invite it: `/invite @Avatar bot`."),
}


def _unusable(args: Args) -> str:
    hidden = peculiarities(text_in(args, "word").replace(" ", ""))
    return f"{quoted(args)} cannot be a name.{f' It holds {hidden}.' if hidden else ''}"


def _missing(args: Args) -> str:
    return f"It is {_USAGE.get(text_in(args, 'usage'), '`quick help`')}."


def _where(args: Args) -> str:
    return "everywhere" if args.get("everywhere") else "in this channel"


def _taken(args: Args) -> str:
    return f"There is a quick start `{text_in(args, 'name')}` {_where(args)} already."


def _free_the_name(args: Args) -> str:
    flag = " --everywhere" if args.get("everywhere") else ""
    return f"Choose another name, or remove that one first: `quick remove {text_in(args, 'name')}{flag}`."


def _too_many(args: Args) -> str:
    return f"There are {MOST_QUICK_STARTS} quick starts {_where(args)}; more cannot be kept."


def _guess_of(args: Args) -> str:
    return f"Did you mean `{text_in(args, 'close')}`? " if "close" in args else ""


def _guess(args: Args) -> str:
    return f"{_guess_of(args)}`/avatar quick list` shows all."


def _elsewhere(args: Args) -> str:
    return (
        f"{quoted(args)} is a quick start of {'all channels' if args.get('everywhere') else 'this channel'}."
    )


def _with_or_without_flag(args: Args) -> str:
    return "Add `--everywhere` to change it." if args.get("everywhere") else "Leave `--everywhere` out."


def _flag(args: Args) -> str:
    return f"Did you mean `{args['close']}`?" if "close" in args else "There is only `--everywhere`."


def _no_room(args: Args) -> str:
    return f"There is no quick start and no room called {quoted(args)}.{_lookalikes(args)}"


def _lookalikes(args: Args) -> str:
    """Name the Cyrillic and Greek letters in a word that also has Latin ones: they look alike."""
    word = text_in(args, "word")
    foreign = [char for char in word if unicodedata.name(char, "").startswith(("CYRILLIC", "GREEK"))]
    is_mixed = foreign and any(char.isascii() and char.isalpha() for char in word)
    return f" It holds {peculiarities(''.join(foreign))}." if is_mixed else ""


def room_gone(args: Args) -> str:
    """Return what to do about a room that MetaStudio does not know: it may be mistyped or deleted."""
    if "quick_start" in args:
        flag = " --everywhere" if args.get("everywhere") else ""
        name = text_in(args, "quick_start")
        return f"If it was deleted, remove its quick start: `/avatar quick remove {name}{flag}`."
    if "job_of" in args:
        return "This is the ID of a job. Its room is in the job's details."
    return f"{_guess_of(args)}Check the room ID; a room is only known in the region of the bot's endpoint."


def _another_name(args: Args) -> str:
    return f"{_guess_of(args)}A name with blanks stands between quotes. A room's ID always works."


def _several(args: Args) -> str:
    return f"{quoted(args)} is the name of {args.get('count', 'several')} rooms, or how their names begin."


def _which(args: Args) -> str:
    rooms = (line.partition("\t") for line in text_in(args, "rooms").splitlines())
    listed = ", ".join(f"{name} (`{room_id}`)" for name, _, room_id in rooms)
    return f"Type more of the name, or the room's ID: {listed}."


def _panel(args: Args) -> str:
    word = text_in(args, "word")
    why, _ = _NO_PANEL.get(word, (f"Slack does not take it ({word or 'no answer'})", ""))
    return f"The panel was not posted: {why}."


def _panel_advice(args: Args) -> str:
    _, advice = _NO_PANEL.get(text_in(args, "word"), ("", TRY_AGAIN))
    return advice


QUICK_WORDINGS = {
    Code.QUICK_NAME_MISSING: Wording("The name is missing.", _missing),
    Code.QUICK_NAME_UNUSABLE: Wording(_unusable, _NAME_RULE),
    Code.QUICK_NAME_LIKE_ID: Wording(
        lambda args: f"{quoted(args)} looks like an ID, so it cannot be a name.", _NAME_RULE
    ),
    Code.QUICK_NAME_LIKE_REGION: Wording(
        lambda args: f"{quoted(args)} looks like a region, so it cannot be a name.", _NAME_RULE
    ),
    Code.QUICK_NAME_RESERVED: Wording(
        lambda args: f"{quoted(args)} means something else after `/avatar-start`.",
        "Choose another name.",
    ),
    Code.QUICK_NAME_TAKEN: Wording(_taken, _free_the_name),
    Code.QUICK_FLAG_UNKNOWN: Wording(lambda args: f"{quoted(args)} is not an option.", _flag),
    Code.QUICK_START_UNKNOWN: Wording(lambda args: f"There is no quick start {quoted(args)} here.", _guess),
    Code.QUICK_START_ELSEWHERE: Wording(_elsewhere, _with_or_without_flag),
    Code.QUICK_START_CHANGED: Wording(
        lambda args: f"{quoted(args)} means another quick start by now.",
        "Read on Home what it starts, and press *Start* again.",
    ),
    Code.QUICK_STARTS_TOO_MANY: Wording(_too_many, "Remove one that nobody needs: `quick remove NAME`."),
    Code.EVERYWHERE_NOT_ALLOWED: Wording(
        "Only the bot's admins may change quick starts of all channels.",
        "Ask one of them, or leave `--everywhere` out.",
    ),
    Code.ROOM_NAME_UNKNOWN: Wording(_no_room, _another_name),
    Code.ROOM_NAME_OF_SEVERAL: Wording(_several, _which),
    Code.NO_JOB_OF_ROOM: Wording(
        lambda args: f"No job of {quoted(args)} is running, as far as can be seen from here.",
        lambda args: f"{_guess_of(args)}`/avatar jobs` shows what runs.",
    ),
    Code.ROOMS_NOT_LISTED: Wording(
        "The room's name could not be looked up. {cause}", "Type the room's ID, or try again in a moment."
    ),
    Code.PANEL_NOT_POSTED: Wording(_panel, _panel_advice),
}
