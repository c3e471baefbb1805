"""Everything that can go wrong and that somebody has to be told about.

AvatarError
├── SettingsError               the environment is wrong; every fault at once
├── StartupError                the process cannot begin its work
│   └── Unreachable             what it needs does not answer yet: waiting may help
├── Undeliverable               Slack took the message on no route
└── ReasonedError               what a person is told, and what may stand in a row
    ├── InvalidArguments        a person typed something unusable
    ├── Refused                 understood, but not allowed
    ├── DatabaseUnavailable     the database does not do its part, so nothing may start
    └── MetaStudioError
        ├── NotSent             nothing left this machine: sending again is safe
        ├── Rejected            MetaStudio answered no: nothing was done
        │   ├── CredentialRefused
        │   ├── Throttled
        │   ├── RoomUnknown     the room does not exist
        │   ├── JobOver         the job is finished or does not exist any more
        │   └── OperationUnknown  the service has no such operation
        └── OutcomeUnknown      sent, but what came of it is not known: never start again

A startup error says in a sentence what is wrong (`str(error)`), and what to do (`advice`). A reasoned error
has a `reason`, from which `messages.reasons` makes both. None of them may hold a secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from bot.reasons import Reason


class AvatarError(Exception):
    """The root."""


@dataclass(frozen=True, slots=True)
class SettingFault:
    """One wrong setting: its name in the environment and what to do about it."""

    name: str
    remedy: str


class SettingsError(AvatarError):
    """Wrong settings; `faults` names each of them."""

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        super().__init__("; ".join(f"{fault.name}: {fault.remedy}" for fault in faults))
        self.faults = tuple(faults)


class StartupError(AvatarError):
    """Something that the process needs is not to be had: a database, a port, Slack.

    `advice` is one sentence or empty.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Unreachable(StartupError):
    """Something that the process needs does not answer; it has not refused, so waiting may help.

    `retry_after` is in seconds where the other side has said how long to wait.
    """

    def __init__(self, message: str, *, advice: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class Undeliverable(AvatarError):
    """Every route to a channel or person was tried in vain; of an only route, `word` is Slack's for why."""

    def __init__(self, message: str, *, word: str = "") -> None:
        super().__init__(message)
        self.word = word


class ReasonedError(AvatarError):
    """What somebody asked for did not come about; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    @override
    def __str__(self) -> str:
        return str(self.reason)


class InvalidArguments(ReasonedError):
    """The text after the command cannot be used."""


class Refused(ReasonedError):
    """Understood, but the policy does not allow it, or its turn did not come in time."""


class DatabaseUnavailable(ReasonedError):
    """An invocation could not be committed. No unlogged job: nothing is started.

    `refused`: the database has said no. Otherwise it may have written what it did not confirm.
    """

    def __init__(self, reason: Reason, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of MetaStudio's answer to a failed call; all None where there was none."""

    http_status: int | None = None
    error_code: str | None = None
    error_msg: str | None = None
    request_id: str | None = None


class MetaStudioError(ReasonedError):
    """A call to MetaStudio (or to IAM on its behalf) that did not succeed."""

    def __init__(self, reason: Reason, *, answer: Answer | None = None) -> None:
        super().__init__(reason)
        self.answer = answer or Answer()


class NotSent(MetaStudioError):
    """The request never left: no connection, or no token within the time limit."""


class Rejected(MetaStudioError):
    """MetaStudio refused the request, so it did nothing."""


class CredentialRefused(Rejected):
    """The token or signature was refused, before any processing."""


class Throttled(Rejected):
    """429, refused before any processing; `retry_after` is in seconds where the answer said so."""

    def __init__(
        self, reason: Reason, *, answer: Answer | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason, answer=answer)
        self.retry_after = retry_after


class RoomUnknown(Rejected):
    """MetaStudio does not know the room, or does not any more."""


class JobOver(Rejected):
    """The job is finished or does not exist any more: there is nothing to stop and nothing to watch."""


class OperationUnknown(Rejected):
    """The endpoint does not offer the operation; where nothing works there, it may be a wrong one."""


class OutcomeUnknown(MetaStudioError):
    """The request was sent and no usable answer came: whatever it asked for may be done."""
