"""The words for failed calls to MetaStudio.

The meanings of MetaStudio's own codes are from the error code pages of MetaStudio and API Gateway.
"""

from bot.messages.quick_reasons import room_gone
from bot.messages.reason_wording import LOOK_FIRST, TRY_AGAIN, Args, Wording, render, text_in
from bot.reasons import Reason, code_of
from bot.reasons import ReasonCode as Code

_CHECK_IAM = "Try again; if it stays so, check HUAWEICLOUD_SDK_IAM_ENDPOINT."
_OVER = "There is nothing left to do: it is over."
_NO_OPERATION = "MetaStudio does not offer this operation at the bot's endpoint."
_CHECK_ENDPOINT = "Whoever runs the bot: nothing has worked there yet, so check METASTUDIO_ENDPOINT"
_A_JOB_RUNS = "A job is probably running: look at the room's jobs in the MetaStudio console."


def look_first(reason: Reason) -> str:
    """Return what to do if it is not known what MetaStudio did."""
    if reason.code is Code.ANSWER_NAMES_NO_JOB:
        return _A_JOB_RUNS
    return TRY_AGAIN if reason.args.get("repeatable") else LOOK_FIRST


def wrong_clock(args: Args) -> str:
    """Return what to do if MetaStudio refused a signature because this machine's clock is wrong."""
    minutes = int(args.get("clock_minutes", 0))
    return (
        f"Whoever runs the bot: set this machine's clock right. It is {abs(minutes)} minutes "
        f"{'ahead of' if minutes > 0 else 'behind'} MetaStudio's, which allows 15."
    )


def _unreachable(args: Args) -> str:
    why = f": {args['why']}" if "why" in args else ""
    return f"{text_in(args, 'service')} cannot be reached at {text_in(args, 'host')}{why}."


def _check_the_way(args: Args) -> str:
    network = " and the network of its machine" if args.get("network") else ""
    return f"Try again; if it stays so, check {text_in(args, 'setting')}{network}."


def _check_the_way_to_iam(args: Args) -> str:
    return _check_the_way(args) if args.get("because") == Code.UNREACHABLE else _CHECK_IAM


def _iam_said(args: Args) -> str:
    return f": {args['text']}" if "text" in args else f" (HTTP {args.get('status', '?')})."


def _as_with(args: Args) -> str:
    """Return the advice of the reason that MetaStudio's own text resembles."""
    code = code_of(text_in(args, "like"))
    return render(_ANSWERS[code].advice, {}) if code in _ANSWERS else ""


_UNSENT = {
    Code.UNREACHABLE: Wording(_unreachable, _check_the_way),
    Code.NOT_SENT_IN_TIME: Wording(
        "The bot did not get a token within {seconds:g} seconds, so nothing was sent.", TRY_AGAIN
    ),
    Code.NO_TOKEN: Wording(
        "IAM gave the bot no token, so nothing was sent to MetaStudio. {cause}", _check_the_way_to_iam
    ),
    Code.NO_TOKEN_IN_ANSWER: Wording(
        lambda args: f"IAM gave the bot no token, so nothing was sent to MetaStudio{_iam_said(args)}",
        _CHECK_IAM,
    ),
    Code.LOGIN_REFUSED: Wording(
        lambda args: f"IAM refused the bot's login{_iam_said(args)}",
        "Whoever runs the bot: check METASTUDIO_IAM_USER, METASTUDIO_IAM_PASSWORD and "
        "METASTUDIO_IAM_DOMAIN, and that the user may log in by API.",
    ),
    Code.ROOM_OF_JOB_UNKNOWN: Wording(
        "Whether the job runs in this room could not be found out: {cause}", TRY_AGAIN
    ),
    Code.JOB_NOT_STOPPED: Wording(
        "The job that holds the room was not stopped, so the start was not sent. {cause}", TRY_AGAIN
    ),
    Code.JOB_PERHAPS_NOT_STOPPED: Wording(
        "It is not known whether the job that holds the room was stopped, so the start was not sent. {cause}",
        TRY_AGAIN,
    ),
    Code.JOB_DOES_NOT_END: Wording(
        "Job `{job_id}` was stopped but has not ended within {seconds:g} seconds, so the start was not sent.",
        TRY_AGAIN,
    ),
    Code.JOB_NOT_IN_ROOM: Wording("No such job runs in this room."),
    Code.JOB_ID_IMPOSSIBLE: Wording("There is no job of this ID.", "Check the job ID."),
}

_LOST = {
    Code.NO_ANSWER_IN_TIME: Wording("MetaStudio did not answer within {seconds:g} seconds."),
    Code.CONNECTION_LOST: Wording("The connection to {service} was lost before its answer came."),
    Code.ANSWER_UNREADABLE: Wording("{service}'s answer cannot be read ({kind})."),
    Code.ANSWER_TOO_LARGE: Wording("{service}'s answer is too large to be read."),
    Code.ANSWER_NOT_AWAITED: Wording("The bot was stopped before MetaStudio's answer came."),
    Code.ANSWER_NAMES_NO_JOB: Wording("MetaStudio accepted the start but named no job."),
    Code.LIST_UNREADABLE: Wording("MetaStudio's list of jobs cannot be read."),
    Code.ROOM_UNREADABLE: Wording("MetaStudio's answer about the room cannot be read."),
}

_ANSWERS = {
    Code.CREDENTIALS_REFUSED: Wording(
        "MetaStudio does not accept the bot's credentials.",
        "Whoever runs the bot: check the keys or the token.",
    ),
    Code.TOKEN_REFUSED: Wording(
        "MetaStudio does not accept the bot's token.",
        "Whoever runs the bot: renew METASTUDIO_AUTH_TOKEN, or use keys or a login, which renew themselves.",
    ),
    Code.WRONG_PROJECT: Wording(
        "The project and the credentials do not belong together.",
        "Whoever runs the bot: take HUAWEICLOUD_SDK_PROJECT_ID and the credentials from the same project.",
    ),
    Code.SIGNATURE_REFUSED: Wording(
        "The signature of the bot's request was refused.",
        "Whoever runs the bot: check HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, "
        "and that this machine's clock is right to 15 minutes.",
    ),
    Code.PERMISSION_MISSING: Wording(
        "The bot's credentials may not do this.",
        "Whoever runs the bot: grant their user the MetaStudio permissions of the project.",
    ),
    Code.REQUEST_UNREADABLE: Wording(
        "MetaStudio could not read the request.", "Check the room ID and the region."
    ),
    Code.PARAMETER_INVALID: Wording(
        "MetaStudio finds a parameter invalid.",
        "Check the room ID and the region, and the client ID if you gave one.",
    ),
    Code.INTERNAL_ERROR: Wording("MetaStudio had an internal error.", LOOK_FIRST),
    Code.OPERATION_UNKNOWN: Wording(_NO_OPERATION, f"{_CHECK_ENDPOINT}."),
    Code.OPERATION_UNKNOWN_IN_REGION: Wording(
        _NO_OPERATION, f"{_CHECK_ENDPOINT}; it may be of a region without interactive avatars."
    ),
    Code.ROOM_UNKNOWN: Wording(
        "MetaStudio does not know this room.",
        room_gone,
    ),
    Code.ROOM_HAS_A_JOB: Wording("The room already has a job.", "Join that one, or stop it first."),
    Code.ROOM_IS_FULL: Wording(
        "The room's concurrency is used up.",
        "Stop a running session of this room, or raise the room's concurrency in the MetaStudio console.",
    ),
    Code.TOO_MANY_TASKS: Wording(
        "Too many tasks are running.", "Try again later, or stop a job that is not needed."
    ),
    Code.JOB_FINISHED: Wording("The job is finished.", _OVER),
    Code.JOB_UNKNOWN: Wording("The job does not exist or is over.", _OVER),
    Code.NOBODY_JOINED: Wording(
        "Nobody joined the RTC room, so the task ended itself.", "Open the client sooner after the start."
    ),
    Code.THROTTLED: Wording("MetaStudio is throttling the bot.", "Wait a moment and try again."),
    Code.PROXY_WANTS_LOGIN: Wording(
        "The proxy wants a login (407).", "Whoever runs the bot: check HTTPS_PROXY."
    ),
    Code.METASTUDIO_SAYS: Wording("MetaStudio says: {text}", _as_with),
    Code.METASTUDIO_SAYS_NOTHING: Wording("MetaStudio answered HTTP {status} without saying why."),
}

METASTUDIO_WORDINGS = {**_UNSENT, **_LOST, **_ANSWERS}
