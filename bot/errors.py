"""The error tree: every failure that a person has to be told about.

AvatarError
├── SettingsError               settings are wrong; the error names all of them
├── StartupError                the process cannot start
│   └── Unreachable             a server that it needs does not answer yet: waiting may help
├── Undeliverable               Slack accepted the message on no route
└── ReasonedError               an error with a reason, which people read and rows store
    ├── InvalidArguments        a person typed something unusable
    ├── Refused                 understood, but not allowed
    ├── DatabaseUnavailable     the database failed, so nothing may start
    └── MetaStudioError
        ├── NotSent             nothing left this machine: sending again is safe
        ├── Rejected            MetaStudio refused: nothing was done
        │   ├── CredentialRefused
        │   ├── Throttled
        │   ├── RoomUnknown     the room does not exist
        │   ├── JobOver         the job is finished or does not exist any more
        │   └── OperationUnknown  the service has no such operation
        └── OutcomeUnknown      sent, but the outcome is unknown: never start again

A startup error holds one sentence that says what is wrong (`str(error)`), and one that says what to do
(`advice`). For a reasoned error `messages.reasons` makes both sentences from its `reason`. No error may hold
a secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from bot.reasons import Reason


class AvatarError(Exception):
    """Base of all errors of the bot."""


@dataclass(frozen=True, slots=True)
class SettingFault:
    """One wrong setting: its name in the environment and what to do about it."""

    name: str
    remedy: str


class SettingsError(AvatarError):
    """Settings are wrong. `faults` names each of them."""

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        super().__init__("; ".join(f"{fault.name}: {fault.remedy}" for fault in faults))
        self.faults = tuple(faults)


class StartupError(AvatarError):
    """Something that the process needs cannot be used: a database, a port, Slack.

    `advice` is one sentence or empty.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Unreachable(StartupError):
    """Something that the process needs does not answer. It has not refused, so waiting may help.

    `retry_after` is the wait in seconds that the other side asked for; 0 if it did not.
    """

    def __init__(self, message: str, *, advice: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class Undeliverable(AvatarError):
    """Every route to a channel or person was tried and failed. `word` is Slack's error of an only route."""

    def __init__(self, message: str, *, word: str = "") -> None:
        super().__init__(message)
        self.word = word


class ReasonedError(AvatarError):
    """A person's wish was not carried out. `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    @override
    def __str__(self) -> str:
        return str(self.reason)


class InvalidArguments(ReasonedError):
    """The text after the command cannot be used."""


class Refused(ReasonedError):
    """Understood, but not allowed by the policy, or not sent because the rate limiter took too long."""


class DatabaseUnavailable(ReasonedError):
    """An invocation could not be committed, so nothing is started.

    `refused`: the database has refused the write. Otherwise it may have written without confirming it.
    """

    def __init__(self, reason: Reason, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of MetaStudio's answer to a failed call. All fields are None if there was no answer."""

    http_status: int | None = None
    error_code: str | None = None
    error_msg: str | None = None
    request_id: str | None = None


class MetaStudioError(ReasonedError):
    """A call to MetaStudio, or to IAM for its token, failed."""

    def __init__(self, reason: Reason, *, answer: Answer | None = None) -> None:
        super().__init__(reason)
        self.answer = answer or Answer()


class NotSent(MetaStudioError):
    """The request was not sent: no connection, or no token within the time limit."""


class Rejected(MetaStudioError):
    """MetaStudio refused the request and did nothing."""


class CredentialRefused(Rejected):
    """The token or signature was refused, before any processing."""


class Throttled(Rejected):
    """429, refused before any processing. `retry_after` is in seconds; None if the answer has none."""

    def __init__(
        self, reason: Reason, *, answer: Answer | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason, answer=answer)
        self.retry_after = retry_after


class RoomUnknown(Rejected):
    """MetaStudio does not know the room, or not any more."""


class JobOver(Rejected):
    """The job is finished or does not exist any more: there is nothing to stop and nothing to watch."""


class OperationUnknown(Rejected):
    """The endpoint does not offer the operation. If no call works, the endpoint may be wrong."""


class OutcomeUnknown(MetaStudioError):
    """The request was sent, but no usable answer came: it may have been carried out."""
