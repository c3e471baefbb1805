"""The judgement of one question by the tables of a policy. Pure."""

from dataclasses import dataclass
from enum import Enum

from bot.domain.policy_question import Act, Members, Passed, Question
from bot.domain.policy_tables import People, Tables, WhoAndWhere, WithRoom, WithStart
from bot.errors import Refused
from bot.reasons import Argument, reason
from bot.reasons import ReasonCode as Code

MOST_ADMINS_NAMED = 3
"""Maximum number of admins that a refusal names."""

_VERBS = {Act.LOOK: "list"}
"""The names of acts in the reasons of the invocation log, if they are not the names of the tables."""


class _Standing(Enum):
    NAMED = "named"
    NOT_NAMED = "not named"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Case:
    """One question with the policy and the members of user groups that decide it."""

    policy: Tables
    question: Question
    members: Members

    def judged(self) -> Passed:
        """Return the rule that allows it.

        Raises:
            Refused: a rule refuses it; see `Policy.judge`.
        """
        asked, policy = self.question, self.policy
        self._refuse_denied()
        if is_admin(policy, asked.user_id, self.members):
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
        """Return the rule that allows the person to break the glass.

        Raises:
            Refused: they may not; see `Policy.check_break_glass`.
        """
        who, asked = self.policy.break_glass, self.question
        for rule, denied in (("[deny]", self.policy.deny), ("[start.deny]", self.policy.start.deny)):
            if self._standing(denied) is _Standing.NAMED:
                raise self._denied(denied, rule)
        is_named = self._standing(who) is _Standing.NAMED
        if not is_named or (asked.is_foreign and asked.user_id not in (who.users or ())):
            raise refusal(self.policy, Code.BREAK_GLASS_NOT_ALLOWED, "[break_glass]")
        return Passed("[break_glass]")

    def _refuse_denied(self) -> None:
        asked, policy = self.question, self.policy
        of_act = {
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
            raise refusal(self.policy, Code.REGION_REQUIRED, f"{table} regions")  # any may be chosen for it
        if region is not None and region in (denied.regions or ()):
            raise refusal(self.policy, Code.REGION_NOT_ALLOWED, f"{table} regions", region=region)
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
                raise refusal(self.policy, Code.REGION_REQUIRED, "[start] regions", allowed=allowed)
            raise refusal(
                self.policy,
                Code.REGION_NOT_ALLOWED,
                "[start] regions",
                region=str(asked.region),
                allowed=allowed,
            )
        return Passed("[start]", rules.per_person_and_hour)

    def _check_target(self, rules: WithStart) -> None:
        """Check that the policy allows the room or the quick start. One of the two is enough."""
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
            return Passed("people may stop the jobs that they started")
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
            raise refusal(self.policy, Code.RTC_ACCESS_OF_ADOPTED_JOB, "[rtc] users", has_admins=has_admins)
        if asked.is_starter:
            self._check_home(self.policy.start, rules)
            return Passed("people may see the RTC access of jobs that they started")
        if standing is _Standing.UNKNOWN:
            raise self._person_refused(rules, "[rtc]")
        raise refusal(self.policy, Code.RTC_ACCESS_NOT_YOURS, "[rtc] users", has_admins=has_admins)

    def _quick(self) -> Passed:
        """Check a change of quick starts: by `[quick]` if it has rules, else by `[start]`."""
        has_own = self.policy.quick.names_any or self.policy.quick.channels is not None
        rules: WhoAndWhere = self.policy.quick if has_own else self.policy.start
        table = "[quick]" if has_own else "[start]"
        self._check_home(rules)
        self._check_who_and_where(rules, table)
        return Passed(table)

    def _check_who_and_where(self, rules: WhoAndWhere, table: str) -> None:
        if rules.names_any and self._standing(rules) is not _Standing.NAMED:
            raise self._person_refused(rules, table)
        channel_id = self.question.channel_id
        is_open = self.question.at_all and channel_id is None
        if rules.channels is not None and channel_id not in rules.channels and not is_open:
            raise self._refusal(Code.CHANNEL_NOT_ALLOWED, f"{table} channels")

    def _check_room(self, rules: WithRoom, table: str) -> None:
        asked = self.question
        if rules.rooms is not None and asked.room_id not in rules.rooms and not asked.at_all:
            raise self._room_refused(f"{table} rooms")

    def _check_home(self, *named_in: People) -> None:
        """Refuse a person of another workspace whom none of these rules names by their own ID."""
        named = any(self.question.user_id in (rules.users or ()) for rules in named_in)
        if self.question.is_foreign and not named:
            raise refusal(self.policy, Code.WORKSPACE_NOT_ALLOWED, f"[{self.question.act}] users")

    def _standing(self, who: People) -> _Standing:
        """Return whether a table names the person. A table without people names nobody."""
        if self.question.user_id in (who.users or ()):
            return _Standing.NAMED
        groups = [self.members.get(group) for group in who.groups or ()]
        if any(group is not None and self.question.user_id in group for group in groups):
            return _Standing.NAMED
        return _Standing.UNKNOWN if None in groups else _Standing.NOT_NAMED

    def _person_refused(self, who: People, table: str) -> Refused:
        """Return the refusal of a person whom `who` does not name."""
        groups = who.groups or []
        if self._standing(who) is _Standing.UNKNOWN:
            return self._group_unknown(who, table)
        if groups and not who.users and not any(self.members[group] for group in groups):
            return self._refusal(Code.GROUP_EMPTY, f"{table} groups", group=groups[0])
        lists = (("users", who.users), ("groups", who.groups))
        which = " and ".join(name for name, named in lists if named is not None)
        return self._refusal(Code.PERSON_NOT_ALLOWED, f"{table} {which}")

    def _denied(self, who: People, table: str) -> Refused:
        """Return the refusal of a person whom a `deny` names, or may name."""
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
        return refusal(
            self.policy, Code.QUICK_START_NOT_ALLOWED, rule, quick_start=self.question.quick_start, **args
        )

    def _refusal(self, code: Code, rule: str, **args: Argument | None) -> Refused:
        act = self.question.act
        return refusal(self.policy, code, rule, verb=_VERBS.get(act, act.value), **args)


def is_admin(policy: Tables, user_id: str, members: Members) -> bool:
    """Return True if `admins` names the person, or a user group that they are in."""
    of_groups = (members.get(each, ()) for each in policy.admins if each.startswith("S"))
    return user_id in policy.admins or any(user_id in group for group in of_groups)


def refusal(policy: Tables, code: Code, rule: str, **args: Argument | None) -> Refused:
    """Return the refusal. It names whom the person can ask, and the rule if the policy has any."""
    admins = None if policy.ask else " ".join(policy.admins[:MOST_ADMINS_NAMED]) or None
    written = rule if policy.has_rules else None
    return Refused(reason(code, **args, rule=written, ask=policy.ask, admins=admins))
