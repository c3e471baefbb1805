"""Rebuild the error that a row was stored with.

A row keeps the `reason` of an error and MetaStudio's answer. Together with the row's status they identify the
error.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.invocation import Action, Invocation, Status
from bot.errors import (
    CredentialRefused,
    DatabaseUnavailable,
    InvalidArguments,
    JobOver,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    ReasonedError,
    Refused,
    Rejected,
)
from bot.metastudio.error_codes import kind_of
from bot.reasons import ReasonCode as Code
from bot.reasons import other

KINDS: Mapping[Code, type[MetaStudioError]] = MappingProxyType(
    dict.fromkeys(
        (
            Code.UNREACHABLE,
            Code.NOT_SENT_IN_TIME,
            Code.NO_TOKEN,
            Code.NO_TOKEN_IN_ANSWER,
            Code.NO_TURN_TO_ASK,
            Code.ROOM_OF_JOB_UNKNOWN,
            Code.JOB_NOT_STOPPED,
            Code.JOB_PERHAPS_NOT_STOPPED,
            Code.JOB_DOES_NOT_END,
            Code.ROOMS_NOT_LISTED,
            Code.INTERRUPTED,
        ),
        NotSent,
    )
    | dict.fromkeys(
        (
            Code.NO_ANSWER_IN_TIME,
            Code.CONNECTION_LOST,
            Code.ANSWER_UNREADABLE,
            Code.ANSWER_TOO_LARGE,
            Code.ANSWER_NOT_AWAITED,
            Code.ANSWER_NAMES_NO_JOB,
            Code.LIST_UNREADABLE,
            Code.ROOM_UNREADABLE,
        ),
        OutcomeUnknown,
    )
    | dict.fromkeys((Code.JOB_NOT_IN_ROOM, Code.JOB_ID_IMPOSSIBLE, Code.JOB_OVER_ALREADY), JobOver)
    | {Code.LOGIN_REFUSED: CredentialRefused}
)
"""The errors that MetaStudio's answer, if there was one, does not identify."""

_OF_THE_DATABASE = frozenset(
    {
        Code.DATABASE_FAILED,
        Code.DATABASE_WRITES_SLOWLY,
        Code.DATABASE_ANSWERS_SLOWLY,
        Code.DATABASE_CHANGED,
    }
)


def error_of_row(row: Invocation) -> ReasonedError:
    """Return the error with which a row was refused, or failed, or became unknown."""
    why = row.reason or other("")
    match row.status:
        case Status.REFUSED:
            return Refused(why)
        case Status.INVALID:
            return InvalidArguments(why)
        case _ if why.code in _OF_THE_DATABASE:
            return DatabaseUnavailable(why)
        case Status.UNKNOWN:
            return unknown_in(row)
        case _:
            return metastudio_error_in(row)


def metastudio_error_in(row: Invocation) -> MetaStudioError:
    """Return the error of a call to MetaStudio that did not succeed."""
    why = row.reason or other("")
    kind = KINDS.get(why.code) or (
        kind_of(row.answer) if row.answer.http_status else _kind_without_answer(row)
    )
    return kind(why, answer=row.answer)


def unknown_in(row: Invocation) -> OutcomeUnknown:
    """Return why the outcome of a start is unknown."""
    return OutcomeUnknown(row.reason or other(""), answer=row.answer)


def _kind_without_answer(row: Invocation) -> type[MetaStudioError]:
    """Return the error for a row of another version: unknown for a stop, rejected for anything else."""
    return OutcomeUnknown if row.action is Action.STOP else Rejected
