"""Who may do what: the one gate for permissions. Pure; files and user groups are read by the caller.

The policy is TOML. Each list that is there must hold the value; a list that is left out allows everything.
A person is allowed by `users` or by `groups`, a start's target by `rooms` or by `quick_starts`. What a `deny`
names is refused to everybody. Else admins may do everything, and whoever started a job may stop it. A person
of another workspace may look; for more, `admins` or the `users` of that table must name them. README has an
example with all of it.

Of a user group whose members are not known, nobody is a member, and a `deny` by it holds for everybody.
"""

import tomllib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Self

from pydantic import ValidationError

from bot.domain.invocation import Action, Invocation, JobInvocation, Source
from bot.domain.policy_tables import REMEDIES, People, Tables, WhoAndWhere, WithRoom, WithStart
from bot.domain.start_words import is_by_name
from bot.errors import Refused, SettingFault, SettingsError
from bot.reasons import Argument, reason
from bot.reasons import ReasonCode as Code

MOST_ADMINS_NAMED = 3
"""How many admins a refusal names."""

Members = Mapping[str, AbstractSet[str]]
"""The members of user groups, as far as they are known."""

NO_MEMBERS: Members = MappingProxyType({})


class Act(StrEnum):
    """What the policy judges. The values are the names of its tables."""

    START = "start"
    STOP = "stop"
    RTC = "rtc"
    LOOK = "look"
    QUICK = "quick"


_VERBS = {Act.LOOK: "list"}
"""What reasons in the invocation log call an act, where it is not its table's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who wants what, and where.

    Args:
        is_foreign: they are of another workspace.
        quick_start: the name by which the room was chosen, if it was.
        is_room_open: the room is still to be found by its name, and is judged then.
        is_starter: they started the job that it is about.
        is_adopted: that job was found after the answer to its start was lost.
        is_hidden: they may not read of that job, its room included.
        at_all: whether they may in some room and region; only who and in which channel counts.
    """

    act: Act
    user_id: str
    channel_id: str | None = None
    is_foreign: bool = False
    room_id: str | None = None
    region: str | None = None
    quick_start: str | None = None
    is_room_open: bool = False
    is_starter: bool = False
    is_adopted: bool = False
    is_hidden: bool = False
    at_all: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """It is allowed: by which part of the policy, and up to how many starts in an hour."""

    rule: str
    starts_per_hour: int | None = None


class _Standing(Enum):
    NAMED = "named"
    NOT_NAMED = "not named"
    UNKNOWN = "unknown"


class Policy(Tables):
    """The rules of one file; `Policy()` lets everybody do everything."""

    @classmethod
    def parse(cls, toml: str) -> Self:
        """The policy written in `toml`.

        A mistake closes the gate instead of opening it: an unknown table or key is an error.

        Raises:
            SettingsError: saying where the file is wrong.
        """
        try:
            return cls.model_validate(tomllib.loads(toml))
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            faults = [
                f"{'.'.join(map(str, detail['loc']))}: {REMEDIES.get(detail['type'], detail['msg'])}"
                for detail in details
            ]
        except (ValueError, RecursionError) as error:
            faults = [str(error)]
        raise SettingsError([SettingFault("AVATAR_POLICY_FILE", fault) for fault in faults])

    def check(
        self,
        invocation: Invocation,
        start: JobInvocation | None = None,
        *,
        members: Members = NO_MEMBERS,
        quick_start: str | None = None,
    ) -> Passed:
        """The gate for every use of the bot: let it pass, or refuse it.

        Args:
            invocation: with the room and region that it is about, if it is about any.
            start: what made the job that it is about, where the log knows it.
            members: of the user groups.
            quick_start: the name of the quick start that is started.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        if invocation.action is Action.HELP:
            return Passed("help")
        question = question_of(invocation, start, quick_start)
        if invocation.action is Action.BREAK_GLASS or invocation.source is Source.BREAK_GLASS:
            return self.check_break_glass(question, members)
        passed = self.judge(question, members)
        return passed if invocation.action is Action.START else Passed(passed.rule)

    def judge(self, question: Question, members: Members = NO_MEMBERS) -> Passed:
        """Let it pass, or refuse it. What is about a quick start, or about a job, has to be in the question.

        Raises:
            Refused: naming the first rule that is in the way.
        """
        return _Case(self, question, members).judged()

    def check_break_glass(self, question: Question, members: Members = NO_MEMBERS) -> Passed:
        """Let those start what the rules refuse who may, whatever it is. A `deny` that names them holds.

        Raises:
            Refused: for anybody else.
        """
        return _Case(self, question, members).broken_glass()

    def is_admin(self, user_id: str, members: Members = NO_MEMBERS) -> bool:
        """Whether the policy names the person as an admin, by themselves or by a user group."""
        of_groups = (members.get(each, ()) for each in self.admins if each.startswith("S"))
        return user_id in self.admins or any(user_id in group for group in of_groups)

    def check_everywhere(self, invocation: Invocation, members: Members = NO_MEMBERS) -> None:
        """Allow admins to change quick starts of all channels; without admins in the policy, everybody may.

        Raises:
            Refused: the person is not an admin.
        """
        if self.admins and not self.is_admin(invocation.origin.user_id, members):
            raise self.refusal(Code.EVERYWHERE_NOT_ALLOWED, "admins")

    def refusal(self, code: Code, rule: str, **args: Argument | None) -> Refused:
        """A refusal that says by which rule, and whom to ask."""
        admins = None if self.ask else " ".join(self.admins[:MOST_ADMINS_NAMED]) or None
        return Refused(reason(code, **args, rule=rule, ask=self.ask, admins=admins))

    def too_many_starts(self, limit: int) -> Refused:
        """The refusal of a start beyond the limit."""
        return self.refusal(Code.STARTS_PER_HOUR, "[start] per_person_and_hour", limit=limit)


def question_of(
    invocation: Invocation, start: JobInvocation | None = None, quick_start: str | None = None
) -> Question:
    """Return what a use of the bot asks of the policy."""
    origin, request = invocation.origin, invocation.request
    return Question(
        act=_act_of(invocation.action),
        user_id=origin.user_id,
        channel_id=origin.channel_id,
        is_foreign=origin.foreign_team_id is not None,
        room_id=request.room_id if request else None,
        region=request.region if request else None,
        quick_start=quick_start,
        is_room_open=is_by_name(invocation),
        is_starter=start is not None and start.origin.user_id == origin.user_id,
        is_adopted=start is not None and start.job.adopted_at is not None,
        is_hidden=start is not None and not start.is_visible_to(invocation),
    )


def _act_of(action: Action) -> Act:
    match action:
        case Action.START | Action.LOOK | Action.ADOPT | Action.BREAK_GLASS:
            return Act.START  # all of them may give a job to a start
        case Action.STOP:
            return Act.STOP
        case Action.RTC_ACCESS:
            return Act.RTC
        case Action.JOBS | Action.DETAILS | Action.HELP:
            return Act.LOOK
        case Action.QUICK:
            return Act.QUICK


@dataclass(frozen=True, slots=True)
class _Case:
    """One question, and what it is judged by."""

    policy: Policy
    question: Question
    members: Members

    def judged(self) -> Passed:
        asked, policy = self.question, self.policy
        self._refuse_denied()
        if policy.is_admin(asked.user_id, self.members):
            return Passed("admins")
        match asked.act:
            case Act.START:
                return self._start()
            case Act.STOP:
                return self._stop()
            case Act.RTC:
                return self._rtc()
            case Act.LOOK:
                self._check_who_and_where(policy.look, "[look]")
                return Passed("[look]")
            case Act.QUICK:
                return self._quick()

    def broken_glass(self) -> Passed:
        who, asked = self.policy.break_glass, self.question
        for rule, denied in (("[deny]", self.policy.deny), ("[start.deny]", self.policy.start.deny)):
            if self._standing(denied) is _Standing.NAMED:
                raise self._denied(denied, rule)
        is_named = self._standing(who) is _Standing.NAMED
        if not is_named or (asked.is_foreign and asked.user_id not in (who.users or ())):
            raise self.policy.refusal(Code.BREAK_GLASS_NOT_ALLOWED, "[break_glass]")
        return Passed("[break_glass]")

    def _refuse_denied(self) -> None:
        asked, policy = self.question, self.policy
        of_act: Mapping[Act, WhoAndWhere] = {
            Act.START: policy.start.deny,
            Act.STOP: policy.stop.deny,
            Act.RTC: policy.rtc.deny,
            Act.LOOK: policy.look.deny,
            Act.QUICK: policy.quick.deny,
        }
        tables = (("[deny]", policy.deny), (f"[{asked.act}.deny]", of_act[asked.act]))
        for table, denied in tables:
            if self._standing(denied) is not _Standing.NOT_NAMED:
                raise self._denied(denied, table)
            if asked.channel_id in (denied.channels or ()):
                raise self._refusal(Code.CHANNEL_NOT_ALLOWED, f"{table} channels")
            if isinstance(denied, WithRoom) and asked.room_id in (denied.rooms or ()):
                raise self._room_refused(f"{table} rooms")
            if isinstance(denied, WithStart) and asked.act is Act.START:
                self._refuse_denied_start(denied, table)

    def _refuse_denied_start(self, denied: WithStart, table: str) -> None:
        region, quick_start = self.question.region, self.question.quick_start
        if region is None and denied.regions and not self.question.at_all:
            raise self.policy.refusal(Code.REGION_REQUIRED, f"{table} regions")  # any may be chosen for it
        if region is not None and region in (denied.regions or ()):
            raise self.policy.refusal(Code.REGION_NOT_ALLOWED, f"{table} regions", region=region)
        if quick_start is not None and quick_start in (denied.quick_starts or ()):
            raise self._quick_start_refused(f"{table} quick_starts")

    def _start(self) -> Passed:
        rules, asked = self.policy.start, self.question
        self._check_home(rules)
        self._check_who_and_where(rules, "[start]")
        if asked.at_all:
            return Passed("[start]", rules.per_person_and_hour)
        self._check_target(rules)
        if rules.regions is not None and asked.region not in rules.regions:
            allowed = " ".join(rules.regions)
            if asked.region is None and rules.regions:
                raise self.policy.refusal(Code.REGION_REQUIRED, "[start] regions", allowed=allowed)
            raise self.policy.refusal(
                Code.REGION_NOT_ALLOWED, "[start] regions", region=str(asked.region), allowed=allowed
            )
        return Passed("[start]", rules.per_person_and_hour)

    def _check_target(self, rules: WithStart) -> None:
        """A start passes by its room or by its quick start, whichever the policy names."""
        asked = self.question
        if asked.is_room_open or (rules.rooms is None and rules.quick_starts is None):
            return
        if asked.room_id in (rules.rooms or ()) or asked.quick_start in (rules.quick_starts or ()):
            return
        if rules.rooms is not None and (asked.quick_start is None or rules.quick_starts is None):
            raise self._room_refused("[start] rooms")
        allowed = " ".join(rules.quick_starts or ())
        if asked.quick_start is not None:
            raise self._quick_start_refused("[start] quick_starts", allowed=allowed)
        raise self._room_refused("[start] quick_starts", allowed=allowed)

    def _stop(self) -> Passed:
        rules = self.policy.stop
        if self.question.is_starter:
            self._check_home(self.policy.start, rules)
            return Passed("who started a job may stop it")
        self._check_home(rules)
        self._check_who_and_where(rules, "[stop]")
        self._check_room(rules, "[stop]")
        return Passed("[stop]")

    def _rtc(self) -> Passed:
        rules, asked, has_admins = self.policy.rtc, self.question, bool(self.policy.admins)
        standing = self._standing(rules)
        if standing is _Standing.NAMED and not (asked.is_starter and not asked.is_adopted):
            self._check_home(rules)
            self._check_who_and_where(rules, "[rtc]")
            self._check_room(rules, "[rtc]")
            return Passed("[rtc]")
        if asked.is_adopted:
            raise self.policy.refusal(Code.RTC_ACCESS_OF_ADOPTED_JOB, "[rtc] users", has_admins=has_admins)
        if asked.is_starter:
            self._check_home(self.policy.start, rules)
            return Passed("who started a job may see its RTC access")
        if standing is _Standing.UNKNOWN:
            raise self._person_refused(rules, "[rtc]")
        raise self.policy.refusal(Code.RTC_ACCESS_NOT_YOURS, "[rtc] users", has_admins=has_admins)

    def _quick(self) -> Passed:
        """Quick starts are for those whom `[quick]` names, else for those who may start something here."""
        has_own = self.policy.quick.names_any or self.policy.quick.channels is not None
        rules: WhoAndWhere = self.policy.quick if has_own else self.policy.start
        table = "[quick]" if has_own else "[start]"
        self._check_home(rules)
        self._check_who_and_where(rules, table)
        return Passed(table)

    def _check_who_and_where(self, rules: WhoAndWhere, table: str) -> None:
        if rules.names_any and self._standing(rules) is not _Standing.NAMED:
            raise self._person_refused(rules, table)
        if rules.channels is not None and self.question.channel_id not in rules.channels:
            raise self._refusal(Code.CHANNEL_NOT_ALLOWED, f"{table} channels")

    def _check_room(self, rules: WithRoom, table: str) -> None:
        asked = self.question
        if rules.rooms is not None and asked.room_id not in rules.rooms and not asked.at_all:
            raise self._room_refused(f"{table} rooms")

    def _check_home(self, *named_in: People) -> None:
        """Refuse a person of another workspace whom none of these rules names by their own ID."""
        named = any(self.question.user_id in (rules.users or ()) for rules in named_in)
        if self.question.is_foreign and not named:
            raise self.policy.refusal(Code.WORKSPACE_NOT_ALLOWED, f"[{self.question.act}] users")

    def _standing(self, who: People) -> _Standing:
        """Whether a table names the person, who is not named where it says nothing about people."""
        if self.question.user_id in (who.users or ()):
            return _Standing.NAMED
        groups = [self.members.get(group) for group in who.groups or ()]
        if any(group is not None and self.question.user_id in group for group in groups):
            return _Standing.NAMED
        return _Standing.UNKNOWN if None in groups else _Standing.NOT_NAMED

    def _person_refused(self, who: People, table: str) -> Refused:
        """Why the person is not among those who may."""
        groups = who.groups or []
        if self._standing(who) is _Standing.UNKNOWN:
            return self._group_unknown(who, table)
        if groups and not who.users and not any(self.members[group] for group in groups):
            return self._refusal(Code.GROUP_EMPTY, f"{table} groups", group=groups[0])
        lists = (("users", who.users), ("groups", who.groups))
        which = " and ".join(name for name, named in lists if named is not None)
        return self._refusal(Code.PERSON_NOT_ALLOWED, f"{table} {which}")

    def _denied(self, who: People, table: str) -> Refused:
        """That the person is among those who may not, or may be."""
        if self._standing(who) is _Standing.UNKNOWN:
            return self._group_unknown(who, table)
        which = "users" if self.question.user_id in (who.users or ()) else "groups"
        return self._refusal(Code.PERSON_NOT_ALLOWED, f"{table} {which}")

    def _group_unknown(self, who: People, table: str) -> Refused:
        unknown = next(group for group in who.groups or () if group not in self.members)
        return self._refusal(Code.GROUP_UNKNOWN, f"{table} groups", group=unknown)

    def _room_refused(self, rule: str, **args: Argument) -> Refused:
        told = None if self.question.is_hidden else self.question.room_id
        return self._refusal(Code.ROOM_NOT_ALLOWED, rule, room_id=told, **args)

    def _quick_start_refused(self, rule: str, **args: Argument) -> Refused:
        return self.policy.refusal(
            Code.QUICK_START_NOT_ALLOWED, rule, quick_start=self.question.quick_start, **args
        )

    def _refusal(self, code: Code, rule: str, **args: Argument | None) -> Refused:
        act = self.question.act
        return self.policy.refusal(code, rule, verb=_VERBS.get(act, act.value), **args)
