"""What a command or a button declares, and what its functions take and return.

`parse` reads the text and asks nobody. `find` reads from the database what the use is about; it may be left
out. The policy then judges the result, by the listener's `action`. `handle` commits the use and returns the
work that is left. Everything around these functions is in `pipeline.py`.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from bot.domain.arguments import Regions, first_word, unknown_subcommand
from bot.domain.invocation import Action, Invocation, JobInvocation, Source
from bot.durable.accept import Acceptance
from bot.durable.claims import Claims
from bot.jobs.details import Details
from bot.jobs.gate import Gate
from bot.jobs.home_tabs import HomeTabs
from bot.jobs.job_listing import JobListing
from bot.jobs.named_by import NamedBy
from bot.jobs.named_starts import NamedStarts
from bot.jobs.panels import Panels
from bot.jobs.reconcile import Reconciliation
from bot.jobs.room_list import RoomList
from bot.jobs.rtc_access import RtcAccess
from bot.jobs.start import Starts
from bot.jobs.stop import Stops
from bot.jobs.windows import Windows
from bot.jobs.worker import Worker
from bot.listeners.incoming import Incoming
from bot.messages.message import Block, Message
from bot.reasons import Reason
from bot.runtime.background import Tasks
from bot.slack.delivery import Delivery
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from bot.store.quick_starts import QuickStarts


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What listeners work with. `rtc` is None where RTC access is switched off."""

    incoming: Incoming
    acceptance: Acceptance
    invocations: Invocations
    job_listing: JobListing
    job_lists: JobLists
    starts: Starts
    named_starts: NamedStarts
    named_by: NamedBy
    quick_starts: QuickStarts
    room_list: RoomList
    panels: Panels
    stops: Stops
    reconciliation: Reconciliation
    details: Details
    home_tabs: HomeTabs
    worker: Worker
    rtc: RtcAccess | None
    windows: Windows
    delivery: Delivery
    claims: Claims
    tasks: Tasks
    policy: Gate
    regions: Regions
    late_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What came with a modal.

    `metadata` are the bot's own words in it, `values` what was typed and chosen, by the IDs of the fields,
    and `response_urls` the addresses of chosen channels, by their IDs.
    """

    metadata: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    response_urls: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Use:
    """One use of the bot, before it is logged.

    `invocation` is its row, as far as the use is understood: it is logged if the use is declined. `command`
    is what was typed, if anything was, and `words` or the `form` are to be parsed. `explained_by` is the
    command with its subcommand, if that has a help of its own. `verdict` tells the person the result if
    nothing is done, and `remark` what is not done if the start is made with a reason.
    """

    services: Services
    invocation: Invocation
    verdict: str
    command: str | None = None
    explained_by: str | None = None
    words: Sequence[str] = ()
    form: Form = field(default_factory=Form)
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a use is about.

    The policy judges `asked`: the row with its room and region, if it has any. `start` made the job that
    the use is about, if the invocation log has it. `quick_start` is the name by which the room was chosen.
    """

    asked: Invocation
    start: JobInvocation | None = None
    quick_start: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A use that is logged: the message to its person, and the work that begins after the ack.

    Args:
        instead: the message replaces the one whose button was clicked.
        why_not: why nothing is done; the message says so.
        view: a modal to show above the submitted one.
        late: what the person is told where the work has told nobody anything within LATE_SECONDS.
    """

    words: Message | None = None
    instead: bool = False
    why_not: Reason | None = None
    view: dict[str, Any] | None = None
    late: Message | None = None
    work: Callable[[], Coroutine[Any, Any, None]] | None = None


SAME_DELIVERY = Accepted()
"""A use that Slack has delivered before: it only needs an ack."""

P = TypeVar("P")
W = TypeVar("W", bound=Wish)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener(Generic[P, W]):
    """One thing that people can do. The invocation log and the policy know it by its `action`."""

    action: Action
    parse: Callable[[Use], P]
    find: Callable[[Use, P], Awaitable[W]]
    handle: Callable[[Use, W], Awaitable[Accepted]]
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand(Listener[P, W]):
    """A listener to a command whose first word is its `verb`. It may have a `help` of its own."""

    verb: str
    has_help: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Button(Listener[P, W]):
    """A listener to the buttons with its `action_id`, which may have a number after it."""

    action_id: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the pattern of its action IDs."""
        return re.compile(rf"^{re.escape(self.action_id)}(-\d+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Listener[P, W]):
    """A listener to the submission of the modal with its `callback_id`.

    Why nothing was done stands under the input block that `field_of` names for a reason, and the modal stays
    open. `typed_after` is the command after which the row's text might have been typed, if there is one: then
    a person may break the glass.
    """

    callback_id: str
    source: Source
    field_of: Callable[[Reason | None], str]
    typed_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut(Listener[P, W]):
    """A listener to a shortcut, as Slack lists it: a global one, or one `of_messages`."""

    callback_id: str
    name: str
    description: str
    of_messages: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Generic[P]):
    """A listener to what is typed in a menu whose options the bot makes. It is not logged.

    The policy is asked by its `action`; who is refused gets no options.
    """

    action_id: str
    action: Action
    parse: Callable[[Use], P]
    suggest: Callable[[Use, P], Awaitable[Sequence[Block]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A listener to the event with this `name`. An event is no use of the bot: it is not logged or answered.

    `handle` begins after the ack, and gets Slack's whole payload.
    """

    name: str
    handle: Callable[[Services, dict[str, Any]], Coroutine[Any, Any, None]]


AnyListener: TypeAlias = Listener[Any, Any]
AnyView: TypeAlias = View[Any, Any]
AnySubcommand: TypeAlias = Subcommand[Any, Any]
AnyButton: TypeAlias = Button[Any, Any]
AnyShortcut: TypeAlias = Shortcut[Any, Any]
AnyOptions: TypeAlias = Options[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command, as Slack lists it.

    `otherwise` handles a first word that is no subcommand, `alone` the command without words; without it,
    that is a question for help.
    `action` is logged for a use that is not understood; `verdict` tells its person the result.
    """

    name: str
    description: str
    usage_hint: str
    action: Action
    subcommands: Sequence[AnySubcommand]
    otherwise: AnyListener | None = None
    alone: AnyListener | None = None
    verdict: str = ""


def parse_nothing(_use: Use) -> None:
    """Parse nothing: what comes with the use does not matter."""


async def about_nothing(use: Use, _parsed: object) -> Wish:
    """Find nothing: the use is about no stored job or start."""
    return Wish(asked=use.invocation)


def listener_for(command: Command, text: str) -> tuple[AnyListener, Sequence[str]]:
    """Return the listener to what is typed after a command, and the words that it parses.

    Raises:
        InvalidArguments: there is no such subcommand.
    """
    verbs = [subcommand.verb for subcommand in command.subcommands]
    word, rest = first_word(text, verbs, if_none="help" if command.alone is None else "")
    if command.alone is not None and not word:
        return command.alone, rest
    for subcommand in command.subcommands:
        if subcommand.verb == word.lower():
            return subcommand, rest
    if command.otherwise is None:
        raise unknown_subcommand(word, verbs)
    return command.otherwise, [word, *rest]
