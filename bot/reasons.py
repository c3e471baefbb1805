"""Reasons: why something failed or was refused, as a code with arguments.

Errors and rows of the invocation log hold a reason, and `messages.reasons` makes the sentences. The arguments
may quote what a person typed or what MetaStudio answered. They never hold a secret, and their size is
limited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto

from typing_extensions import override

MAX_TEXT = 1000
"""Maximum characters of one argument; the rest is cut off."""

Argument = str | int | float | bool


class ReasonCode(StrEnum):
    """All reasons. The database stores the codes, so codes may be added but not renamed."""

    # The typed text or the value of a button cannot be used.
    TEXT_TOO_LONG = auto()
    ROOM_ID_MISSING = auto()
    ROOM_ID_UNUSABLE = auto()
    REGION_IN_PLACE_OF_ROOM_ID = auto()
    REGION_UNKNOWN = auto()
    ROOM_TYPE_UNKNOWN = auto()
    CLIENT_ID_UNUSABLE = auto()
    JOB_ID_MISSING = auto()
    JOB_ID_UNUSABLE = auto()
    SUBCOMMAND_UNKNOWN = auto()
    WORD_OF_OTHER_COMMAND = auto()
    OPTION_UNKNOWN = auto()
    OPTION_GIVEN_TWICE = auto()
    OPTION_EMPTY = auto()
    WORD_TOO_MANY = auto()
    JOB_NOT_STARTED_HERE = auto()
    BUTTON_NAMES_NO_JOB = auto()
    BUTTON_NAMES_NO_REFUSED_START = auto()
    BUTTON_NAMES_NO_ROOM = auto()
    BUTTON_NAMES_NO_MISTAKE = auto()
    START_NOT_IN_LOG = auto()
    BREAK_GLASS_REASON_MISSING = auto()
    NO_START_HERE = auto()
    JOB_NOT_OVER = auto()
    QUICK_NAME_MISSING = auto()
    QUICK_NAME_UNUSABLE = auto()
    QUICK_NAME_LIKE_ID = auto()
    QUICK_NAME_LIKE_REGION = auto()
    QUICK_NAME_RESERVED = auto()
    QUICK_NAME_TAKEN = auto()
    QUICK_FLAG_UNKNOWN = auto()
    QUICK_START_UNKNOWN = auto()
    QUICK_START_ELSEWHERE = auto()
    QUICK_START_CHANGED = auto()
    QUICK_STARTS_TOO_MANY = auto()
    ROOM_NAME_UNKNOWN = auto()
    ROOM_NAME_OF_SEVERAL = auto()
    NO_JOB_OF_ROOM = auto()

    # The policy does not allow it.
    REGION_REQUIRED = auto()
    REGION_NOT_ALLOWED = auto()
    ROOM_NOT_ALLOWED = auto()
    PERSON_NOT_ALLOWED = auto()
    CHANNEL_NOT_ALLOWED = auto()
    WORKSPACE_NOT_ALLOWED = auto()
    EVERYWHERE_NOT_ALLOWED = auto()
    RTC_ACCESS_OFF = auto()
    RTC_ACCESS_OF_ADOPTED_JOB = auto()
    RTC_ACCESS_NOT_YOURS = auto()
    QUICK_START_NOT_ALLOWED = auto()
    GROUP_EMPTY = auto()
    GROUP_UNKNOWN = auto()
    STARTS_PER_HOUR = auto()
    BREAK_GLASS_NOT_ALLOWED = auto()

    # It exists already, or somebody else was first.
    DUPLICATE_UNDER_WAY = auto()
    DUPLICATE_STARTED = auto()
    DUPLICATE_UNKNOWN = auto()
    ALREADY_RUNNING = auto()
    BUTTON_USED = auto()
    START_SETTLED = auto()
    EARLIER_JOB_FOUND = auto()
    EARLIER_JOB_POSSIBLE = auto()
    JOB_OVER_ALREADY = auto()
    ADOPTED = auto()

    # The bot itself, its database or Slack is the cause.
    NO_TURN = auto()
    NO_TURN_TO_ASK = auto()
    INTERRUPTED = auto()
    INTERRUPTED_WHILE_WAITED_FOR = auto()
    CALLED_OFF = auto()
    MODAL_NOT_OPENED = auto()
    PANEL_NOT_POSTED = auto()
    DATABASE_FAILED = auto()
    DATABASE_WRITES_SLOWLY = auto()
    DATABASE_ANSWERS_SLOWLY = auto()
    DATABASE_CHANGED = auto()

    # Nothing reached MetaStudio.
    UNREACHABLE = auto()
    NOT_SENT_IN_TIME = auto()
    NO_TOKEN = auto()
    NO_TOKEN_IN_ANSWER = auto()
    LOGIN_REFUSED = auto()
    ROOM_OF_JOB_UNKNOWN = auto()
    JOB_NOT_STOPPED = auto()
    JOB_PERHAPS_NOT_STOPPED = auto()
    JOB_DOES_NOT_END = auto()
    ROOMS_NOT_LISTED = auto()

    # The outcome at MetaStudio is unknown.
    NO_ANSWER_IN_TIME = auto()
    CONNECTION_LOST = auto()
    ANSWER_UNREADABLE = auto()
    ANSWER_TOO_LARGE = auto()
    ANSWER_NOT_AWAITED = auto()
    ANSWER_NAMES_NO_JOB = auto()
    LIST_UNREADABLE = auto()
    ROOM_UNREADABLE = auto()

    # MetaStudio's answers. Their status and error code decide which error they are.
    CREDENTIALS_REFUSED = auto()
    TOKEN_REFUSED = auto()
    WRONG_PROJECT = auto()
    SIGNATURE_REFUSED = auto()
    PERMISSION_MISSING = auto()
    REQUEST_UNREADABLE = auto()
    PARAMETER_INVALID = auto()
    INTERNAL_ERROR = auto()
    OPERATION_UNKNOWN = auto()
    OPERATION_UNKNOWN_IN_REGION = auto()
    ROOM_UNKNOWN = auto()
    ROOM_HAS_A_JOB = auto()
    ROOM_IS_FULL = auto()
    TOO_MANY_TASKS = auto()
    JOB_FINISHED = auto()
    JOB_UNKNOWN = auto()
    NOBODY_JOINED = auto()
    THROTTLED = auto()
    PROXY_WANTS_LOGIN = auto()
    METASTUDIO_SAYS = auto()
    METASTUDIO_SAYS_NOTHING = auto()

    # The named job does not exist.
    JOB_NOT_IN_ROOM = auto()
    JOB_ID_IMPOSSIBLE = auto()

    # Another version of the bot has stored this reason.
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `str()` is for the process log, not for people."""

    code: ReasonCode
    args: Mapping[str, Argument] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "args", {name: _bounded(value) for name, value in self.args.items()})

    @override
    def __str__(self) -> str:
        return " ".join((self.code, *(f"{name}={value!r}" for name, value in self.args.items())))

    def with_args(self, **args: Argument) -> "Reason":
        """Return the reason with more arguments."""
        return replace(self, args={**self.args, **args})

    @property
    def names_person(self) -> bool:
        """True if the sentence of this reason names a person, whom not everybody may see."""
        return "user_id" in self.args

    @property
    def cause(self) -> "Reason | None":
        """The reason that caused this one; see `because`."""
        behind = code_of(str(self.args.get("because")))
        rest = {name: value for name, value in self.args.items() if name != "because"}
        return Reason(behind, rest) if behind else None


def reason(code: ReasonCode, **args: Argument | None) -> Reason:
    """Return the reason with these arguments. Arguments that are None are left out."""
    return Reason(code, {name: value for name, value in args.items() if value is not None})


def because(code: ReasonCode, cause: Reason) -> Reason:
    """Return the reason with another one as its cause. It takes over the arguments of the cause."""
    return Reason(code, {**cause.args, "because": cause.code.value})


def code_of(text: str) -> ReasonCode | None:
    """Return the code of this name; None if there is none."""
    try:
        return ReasonCode(text)
    except ValueError:
        return None


def other(text: str) -> Reason:
    """Return the reason for a sentence that has no code."""
    return Reason(ReasonCode.OTHER, {"text": text})


def _bounded(value: Argument) -> Argument:
    return value[:MAX_TEXT] if isinstance(value, str) else value
