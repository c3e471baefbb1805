"""The documented error codes, each with its error class and its reason.

Source: MetaStudio's and API Gateway's error code pages. For a code that is not listed, people read
MetaStudio's own text.
"""

from bot.errors import (
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
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code

REASONS = {
    "MSS.00000001": Code.CREDENTIALS_REFUSED,
    "MSS.00000002": Code.REQUEST_UNREADABLE,
    "MSS.00000003": Code.PARAMETER_INVALID,
    "MSS.00000004": Code.INTERNAL_ERROR,
    "MSS.00010003": Code.OPERATION_UNKNOWN_IN_REGION,
    "MSS.00010008": Code.TOKEN_REFUSED,
    "MSS.00010009": Code.WRONG_PROJECT,
    "MSS.20010045": Code.ROOM_UNKNOWN,
    "MSS.20010046": Code.ROOM_HAS_A_JOB,
    "MSS.20010056": Code.TOO_MANY_TASKS,
    "MSS.20010066": Code.JOB_FINISHED,
    "MSS.20010074": Code.JOB_UNKNOWN,
    "MSS.20010135": Code.ROOM_IS_FULL,
    "MSS.45000023": Code.NOBODY_JOINED,
    "APIGW.0101": Code.OPERATION_UNKNOWN,
    "APIGW.0301": Code.SIGNATURE_REFUSED,
    "APIGW.0308": Code.THROTTLED,
}

_BY_STATUS = {
    401: Code.CREDENTIALS_REFUSED,
    403: Code.PERMISSION_MISSING,
    404: Code.OPERATION_UNKNOWN,
    407: Code.PROXY_WANTS_LOGIN,
    429: Code.THROTTLED,
}

_KINDS: dict[str, type[Rejected]] = {
    "MSS.00010003": OperationUnknown,
    "MSS.00010008": CredentialRefused,
    "MSS.20010045": RoomUnknown,
    "MSS.20010066": JobOver,
    "MSS.20010074": JobOver,
    "APIGW.0101": OperationUnknown,
}


def error_of(answer: Answer, *, retry_after: float | None = None) -> MetaStudioError:
    """Return the error for an answer that is not a success."""
    kind = kind_of(answer)
    if kind is Throttled:
        return Throttled(_reason_of(answer), answer=answer, retry_after=retry_after)
    return kind(_reason_of(answer), answer=answer)


def kind_of(answer: Answer) -> type[MetaStudioError]:
    """Return the error class for an answer that is not a success.

    401 and MSS.00010008 (a 400) mean that the credential was refused. 429 means that nothing was processed.
    After a 5xx, 408 or 303 the operation may have been carried out. A 404 without a code comes from a web
    server that has nothing at this address; if a room or a job does not exist, MetaStudio sends a code.
    """
    status = answer.http_status or 0
    if status >= 500 or status in {303, 408} or 100 <= status < 200:
        return OutcomeUnknown
    if status == 429:
        return Throttled
    if status == 401:
        return CredentialRefused
    if status == 404 and not answer.error_code:
        return OperationUnknown
    return _KINDS.get(answer.error_code or "", Rejected)


def _reason_of(answer: Answer) -> Reason:
    if answer.error_code in REASONS:
        return reason(REASONS[answer.error_code])
    if answer.error_msg:
        return reason(
            Code.METASTUDIO_SAYS, text=answer.error_msg, like=_BY_STATUS.get(answer.http_status or 0)
        )
    if answer.http_status in _BY_STATUS:
        return reason(_BY_STATUS[answer.http_status])
    return reason(Code.METASTUDIO_SAYS_NOTHING, status=answer.http_status)
