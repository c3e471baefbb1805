"""Reasons in words: the one place where a code and its arguments become what a person reads."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.errors import OutcomeUnknown, ReasonedError
from bot.messages.argument_reasons import ARGUMENT_WORDINGS
from bot.messages.metastudio_reasons import METASTUDIO_WORDINGS, look_first, wrong_clock
from bot.messages.quick_reasons import QUICK_WORDINGS
from bot.messages.reason_wording import TRY_AGAIN, Args, Wording, render, text_in
from bot.reasons import Reason
from bot.reasons import ReasonCode as Code

_CHANGE_POLICY = "Ask whoever runs the bot to change its policy."
_OTHERS_WORK = (
    "Other operations work at METASTUDIO_ENDPOINT, so it lacks this one: use the MetaStudio console for it."
)
_DONE = {"start": "started", "stop": "stopped", "list": "listed"}


def sentence(reason: Reason) -> str:
    """What happened."""
    because = reason.cause
    args = {**reason.args, "cause": sentence(because)} if because else reason.args
    return render(WORDINGS[reason.code].what, args)


def advice(error: ReasonedError) -> str:
    """What a person can do about an error; empty where there is nothing."""
    reason = error.reason
    if isinstance(error, OutcomeUnknown):
        return look_first(reason)
    if "clock_minutes" in reason.args:
        return wrong_clock(reason.args)
    if "others_work" in reason.args:
        return _OTHERS_WORK
    return render(WORDINGS[reason.code].advice, reason.args)


def in_words(error: ReasonedError) -> tuple[str, str]:
    """What happened, and what to do about it."""
    return sentence(error.reason), advice(error)


def on_one_line(error: ReasonedError) -> str:
    """Both, for where there is no markup."""
    return " ".join(in_words(error)).rstrip()


def _done(args: Args) -> str:
    return _DONE.get(text_in(args, "verb"), "used")


def _listed(args: Args) -> str:
    regions = ", ".join(f"`{region}`" for region in text_in(args, "allowed").split())
    return f"Allowed: {regions or 'none'}."


def _room_not_allowed(args: Args) -> str:
    room = f"Room `{args['room_id']}`" if "room_id" in args else "The room of this job"
    return f"{room} may not be {_done(args)} with this bot."


def _only_the_starter(args: Args) -> str:
    admins = ", and the bot's admins," if args.get("has_admins") else ""
    return f"Only who started the job{admins} may see its RTC access."


def _ask_the_admins(args: Args) -> str:
    if args.get("has_admins"):
        return "Ask one of them."
    return "Ask whoever runs the bot to name admins in its policy, or stop the job and start anew."


_POLICY = {
    Code.REGION_REQUIRED: Wording("The bot's policy wants a region.", _listed),
    Code.REGION_NOT_ALLOWED: Wording("Region `{region}` may not be used.", _listed),
    Code.ROOM_NOT_ALLOWED: Wording(_room_not_allowed, _CHANGE_POLICY),
    Code.PERSON_NOT_ALLOWED: Wording("You may not {verb} avatars with this bot.", _CHANGE_POLICY),
    Code.CHANNEL_NOT_ALLOWED: Wording(
        lambda args: f"Avatars may not be {_done(args)} from this channel.", _CHANGE_POLICY
    ),
    Code.WORKSPACE_NOT_ALLOWED: Wording(
        "You belong to another Slack workspace than this bot: "
        "you may look, but neither start nor stop anything.",
        "Ask whoever runs the bot to name you in its policy.",
    ),
    Code.RTC_ACCESS_OFF: Wording("RTC access is switched off.", "Ask whoever runs the bot."),
    Code.RTC_ACCESS_OF_ADOPTED_JOB: Wording(
        "This job was found after the answer to its start was lost, so it may be somebody else's: "
        "only the bot's admins may see its RTC access.",
        _ask_the_admins,
    ),
    Code.RTC_ACCESS_NOT_YOURS: Wording(_only_the_starter, "Ask them to open it."),
}

_THERE_ALREADY = {
    Code.DUPLICATE_UNDER_WAY: Wording("The same is being started already, by {user_id}."),
    Code.DUPLICATE_STARTED: Wording("The same was started a moment ago, by {user_id}."),
    Code.DUPLICATE_UNKNOWN: Wording("It is not known whether the same start, by {user_id}, made a job."),
    Code.ALREADY_RUNNING: Wording("A job runs in this room already, started by {user_id}."),
    Code.BUTTON_USED: Wording("The button was used already, by {user_id}: log entry {invocation_id}."),
    Code.START_SETTLED: Wording("The start was settled already: job {job_id}."),
    Code.EARLIER_JOB_FOUND: Wording("The job of the start before was found."),
    Code.EARLIER_JOB_POSSIBLE: Wording("A job was found that may be that of the start before."),
    Code.JOB_OVER_ALREADY: Wording("The job was over already."),
    Code.ADOPTED: Wording("The call was cut off; the job had started."),
}

_IN_THE_WAY = {
    Code.NO_TURN: Wording(
        "Too many starts are waiting: this one had no turn within {seconds:g} seconds.", TRY_AGAIN
    ),
    Code.NO_TURN_TO_ASK: Wording(
        "So many questions wait for MetaStudio that this one had no turn.", TRY_AGAIN
    ),
    Code.INTERRUPTED: Wording("The bot was stopped before the start was sent."),
    Code.INTERRUPTED_WHILE_WAITED_FOR: Wording("The bot was stopped meanwhile."),
    Code.CALLED_OFF: Wording("The database took too long to write, so nothing was done."),
    Code.MODAL_NOT_OPENED: Wording("Slack did not open the modal."),
    Code.DATABASE_FAILED: Wording(
        "The database cannot be used: {why}.",
        "Try again in a moment; if it stays so, tell whoever runs the bot.",
    ),
    Code.DATABASE_WRITES_SLOWLY: Wording("The database takes too long to write.", TRY_AGAIN),
    Code.DATABASE_ANSWERS_SLOWLY: Wording("The database takes too long to answer.", TRY_AGAIN),
    Code.DATABASE_CHANGED: Wording("The database has changed meanwhile.", TRY_AGAIN),
    Code.OTHER: Wording("{text}"),
}

WORDINGS: Mapping[Code, Wording] = MappingProxyType(
    {**ARGUMENT_WORDINGS, **_POLICY, **_THERE_ALREADY, **_IN_THE_WAY, **QUICK_WORDINGS, **METASTUDIO_WORDINGS}
)
"""Every reason in words."""
