"""One use of the bot in a line: what it was, and what came of it."""

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.mrkdwn import code, escape
from bot.messages.reasons import sentence
from bot.reasons import ReasonCode as Code

_REASON_LIMIT = 200
_TEXT_LIMIT = 80
_OTHERS = {
    Action.JOBS: "Listed the jobs",
    Action.DETAILS: "Looked at the details of {room}",
    Action.RTC_ACCESS: "Looked at the RTC access of {room}",
    Action.LOOK: "Looked for the job of {room}",
    Action.ADOPT: "Chose the job of {room}",
    Action.QUICK: "Quick starts: {text}",
    Action.HELP: "Asked for help",
    Action.FORM: "Opened the form that starts avatars",
    Action.BREAK_GLASS: "Asked to start {room} with a reason",
}

_WITHOUT_NAMES = {
    Code.ALREADY_RUNNING: "It runs already.",
    Code.BUTTON_USED: "The button was used before.",
    Code.DUPLICATE_STARTED: "The same was started a moment ago.",
    Code.DUPLICATE_UNDER_WAY: "The same is being started already.",
    Code.DUPLICATE_UNKNOWN: "It is not known whether the same start made a job.",
}


def use_in_words(use: Invocation) -> str:
    """Return 🟢  *Lobby kiosk* is running; 🔴  *Lobby kiosk* was not stopped: why."""
    match use.action:
        case Action.START:
            return _start(use)
        case Action.STOP:
            return _stop(use)
        case _ if use.status is Status.INVALID and use.source is Source.COMMAND:
            return f"Typed {code(use.text, _TEXT_LIMIT)}. {_why(use)}".rstrip(". ")
        case _:
            what = _OTHERS[use.action].format(room=_room(use), text=code(use.text, _TEXT_LIMIT))
            return what if use.status is Status.DONE else f"{what}. {_why(use)}".rstrip(". ")


def _start(use: Invocation) -> str:
    room = _room(use)
    match use.status:
        case Status.STARTED:
            return words.headline(room, JobLife((use.job.state if use.job else None) or JobState.ACCEPTED))
        case Status.RECEIVED | Status.STARTING:
            return words.headline(room, JobLife(JobState.ACCEPTED))
        case Status.UNKNOWN:
            return words.unknown_start(room)
        case status:
            mark = "⚪" if status is Status.REFUSED else "🔴"
            return f"{mark}  {words.capital(room)} was not started. {_why(use)}".rstrip(". ")


def _stop(use: Invocation) -> str:
    room = _room(use)
    match use.status:
        case Status.RECEIVED:
            return f"⏳  Stopping {room}"
        case Status.DONE if use.job and use.job.state is JobState.STOPPED:
            return f"⛔  Stopped {room}"
        case Status.DONE:
            return f"⚪  {words.capital(room)} was over already"
        case _:
            return f"🔴  {words.capital(room)} was not stopped. {_why(use)}".rstrip(". ")


def _room(use: Invocation) -> str:
    return words.room(use.request.room_id, use.room_name) if use.request else "an avatar"


def _why(use: Invocation) -> str:
    """Return the reason, without the names of people: they may be in a private channel."""
    if use.reason is None:
        return ""
    if use.reason.names_person:
        return _WITHOUT_NAMES.get(use.reason.code, "")
    return escape(sentence(use.reason), _REASON_LIMIT)
