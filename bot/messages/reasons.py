"""Make sentences of reasons. No other module turns a reason code and its arguments into text."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.errors import OutcomeUnknown, ReasonedError
from bot.messages.argument_reasons import ARGUMENT_WORDINGS
from bot.messages.metastudio_reasons import METASTUDIO_WORDINGS, look_first, wrong_clock
from bot.messages.policy_reasons import POLICY_WORDINGS
from bot.messages.quick_reasons import QUICK_WORDINGS
from bot.messages.reason_wording import TRY_AGAIN, Wording, render
from bot.reasons import Reason
from bot.reasons import ReasonCode as Code

_OTHERS_WORK = (
    "Other operations work at METASTUDIO_ENDPOINT, so it lacks this one: use the MetaStudio console for it."
)


def sentence(reason: Reason) -> str:
    """Return what happened."""
    because = reason.cause
    args = {**reason.args, "cause": sentence(because)} if because else reason.args
    return render(WORDINGS[reason.code].what, args)


def advice(error: ReasonedError) -> str:
    """Return what a person can do about an error, or an empty text if there is nothing to do."""
    reason = error.reason
    if isinstance(error, OutcomeUnknown):
        return look_first(reason)
    if "clock_minutes" in reason.args:
        return wrong_clock(reason.args)
    if "others_work" in reason.args:
        return _OTHERS_WORK
    return render(WORDINGS[reason.code].advice, reason.args)


def in_words(error: ReasonedError) -> tuple[str, str]:
    """Return what happened, and what to do about it."""
    return sentence(error.reason), advice(error)


def on_one_line(error: ReasonedError) -> str:
    """Return both on one line, for a place without markup."""
    return " ".join(in_words(error)).rstrip()


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
    {
        **ARGUMENT_WORDINGS,
        **POLICY_WORDINGS,
        **_THERE_ALREADY,
        **_IN_THE_WAY,
        **QUICK_WORDINGS,
        **METASTUDIO_WORDINGS,
    }
)
"""The wordings of all reasons."""
