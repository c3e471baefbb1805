"""The documented error codes: what each means and what a person can do about it.

Source: MetaStudio's and API Gateway's error code pages. Neither side is a guess: a code that is not listed
passes through with MetaStudio's own text.
"""

from dataclasses import dataclass

from bot.errors import (
    LOOK_FIRST,
    Answer,
    CredentialRefused,
    JobOver,
    MetaStudioError,
    OperationUnknown,
    OutcomeUnknown,
    Rejected,
    RoomUnknown,
    Throttled,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code in words: what happened, and what to do."""

    what: str
    advice: str


MEANINGS = {
    "MSS.00000001": Meaning(
        "MetaStudio does not accept the bot's credentials.",
        "Whoever runs the bot: check the keys or the token.",
    ),
    "MSS.00000002": Meaning("MetaStudio could not read the request.", "Check the room ID and the region."),
    "MSS.00000003": Meaning(
        "MetaStudio finds a parameter invalid.",
        "Check the room ID and the region, and the client ID if you gave one.",
    ),
    "MSS.00000004": Meaning("MetaStudio had an internal error.", LOOK_FIRST),
    "MSS.00010003": Meaning(
        "MetaStudio does not offer this operation at the bot's endpoint.",
        "Whoever runs the bot: nothing has worked there yet, so check METASTUDIO_ENDPOINT; "
        "it may be of a region without interactive avatars.",
    ),
    "MSS.00010008": Meaning(
        "MetaStudio does not accept the bot's token.",
        "Whoever runs the bot: renew METASTUDIO_AUTH_TOKEN, or use keys or a login, which renew themselves.",
    ),
    "MSS.00010009": Meaning(
        "The project and the credentials do not belong together.",
        "Whoever runs the bot: take HUAWEICLOUD_SDK_PROJECT_ID and the credentials from the same project.",
    ),
    "MSS.20010045": Meaning(
        "MetaStudio does not know this room.",
        "Check the room ID; a room is only known in the region of the bot's endpoint.",
    ),
    "MSS.20010046": Meaning("The room already has a job.", "Join that one, or stop it first."),
    "MSS.20010056": Meaning(
        "Too many tasks are running.", "Try again later, or stop a job that is not needed."
    ),
    "MSS.20010066": Meaning("The job is finished.", "There is nothing left to do: it is over."),
    "MSS.20010074": Meaning("The job does not exist or is over.", "There is nothing left to do: it is over."),
    "MSS.20010135": Meaning(
        "The room's concurrency is used up.",
        "Stop a running session of this room, or raise the room's concurrency in the MetaStudio console.",
    ),
    "MSS.45000023": Meaning(
        "Nobody joined the RTC room, so the task ended itself.", "Open the client sooner after the start."
    ),
    "APIGW.0301": Meaning(
        "The signature of the bot's request was refused.",
        "Whoever runs the bot: check HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, "
        "and that this machine's clock is right to 15 minutes.",
    ),
    "APIGW.0101": Meaning(
        "MetaStudio does not offer this operation at the bot's endpoint.",
        "Whoever runs the bot: nothing has worked there yet, so check METASTUDIO_ENDPOINT.",
    ),
    "APIGW.0308": Meaning("MetaStudio is throttling the bot.", "Wait a moment and try again."),
}

_BY_STATUS = {
    401: MEANINGS["MSS.00000001"],
    403: Meaning(
        "The bot's credentials may not do this.",
        "Whoever runs the bot: grant their user the MetaStudio permissions of the project.",
    ),
    404: Meaning(
        "MetaStudio does not offer this operation at the bot's endpoint.",
        "Whoever runs the bot: nothing has worked there yet, so check METASTUDIO_ENDPOINT.",
    ),
    407: Meaning("The proxy wants a login (407).", "Whoever runs the bot: check HTTPS_PROXY."),
    429: MEANINGS["APIGW.0308"],
}

_JOB_OVER = frozenset({"MSS.20010066", "MSS.20010074"})
_OPERATION_UNKNOWN = frozenset({"MSS.00010003", "APIGW.0101"})


def error_of(answer: Answer, *, retry_after: float | None = None) -> MetaStudioError:
    """The error for an answer that is not a success.

    401 and MSS.00010008 (a 400) mean the credential was refused, 429 that nothing was processed. A 5xx, 408
    or 303 says nothing of what was done before it. A 404 without any code is a web server that has nothing
    at this address; what the service itself does not know (a room, a job) comes with a code.
    """
    status = answer.http_status or 0
    meaning = _meaning(answer)
    if status >= 500 or status in {303, 408} or 100 <= status < 200:
        return OutcomeUnknown(meaning.what, advice=meaning.advice or LOOK_FIRST, answer=answer)
    if status == 429:
        return Throttled(meaning.what, advice=meaning.advice, answer=answer, retry_after=retry_after)
    if status == 401 or answer.error_code == "MSS.00010008":
        return CredentialRefused(meaning.what, advice=meaning.advice, answer=answer)
    return _refusal(answer)(meaning.what, advice=meaning.advice, answer=answer)


def _refusal(answer: Answer) -> type[Rejected]:
    if answer.error_code == "MSS.20010045":
        return RoomUnknown
    if answer.error_code in _JOB_OVER:
        return JobOver
    if answer.error_code in _OPERATION_UNKNOWN or (answer.http_status == 404 and not answer.error_code):
        return OperationUnknown
    return Rejected


def _meaning(answer: Answer) -> Meaning:
    if answer.error_code in MEANINGS:
        return MEANINGS[answer.error_code]
    advice = _BY_STATUS[answer.http_status].advice if answer.http_status in _BY_STATUS else ""
    if answer.error_msg:
        return Meaning(f"MetaStudio says: {answer.error_msg}", advice)
    if answer.http_status in _BY_STATUS:
        return _BY_STATUS[answer.http_status]
    return Meaning(f"MetaStudio answered HTTP {answer.http_status} without saying why.", advice)
