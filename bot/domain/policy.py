"""Who may do what: the one gate for permissions. Pure; files and user groups are read by the caller.

The policy is TOML. A list allows only its values; a list that is left out allows everything. `users` and
`groups` are one list of people, `rooms` and `quick_starts` are one list of what may be started. These rules
are applied in order:

1. `deny` refuses what it names to everybody, admins included.
2. Admins may do everything.
3. A person may stop the jobs that they started, and see the RTC access of them.
4. The table of the action decides.

A person of another workspace may look. For anything else, `admins` or the `users` of that table must name
them. README has an example with all rules.

If the members of a user group are not known, the group allows nobody, and a `deny` with it refuses everybody.
"""

import tomllib
from typing import Self

from pydantic import ValidationError

from bot.domain.invocation import Action, Invocation, JobInvocation, Source
from bot.domain.policy_case import Case, is_admin, refusal
from bot.domain.policy_question import NO_MEMBERS, Members, Passed, Question, question_of
from bot.domain.policy_tables import REMEDIES, Tables
from bot.errors import Refused, SettingFault, SettingsError
from bot.reasons import ReasonCode as Code


class Policy(Tables):
    """The rules of one file. `Policy()` allows everything."""

    @classmethod
    def parse(cls, toml: str) -> Self:
        """Return the policy that `toml` says.

        An unknown table or key is an error, so that a mistyped rule does not allow everything.

        Raises:
            SettingsError: the file is wrong; the error says where.
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
        """Allow or refuse a use of the bot.

        Args:
            invocation: the use, with its room and region, if it has any.
            start: the start of the job that the use is about, if the invocation log has it.
            members: the members of user groups.
            quick_start: the name of the quick start that is started.

        Raises:
            Refused: a rule refuses it; the error names the first such rule.
        """
        if invocation.action is Action.HELP:
            return Passed("help")
        question = question_of(invocation, start, quick_start)
        if invocation.action is Action.BREAK_GLASS or invocation.source is Source.BREAK_GLASS:
            return self.check_break_glass(question, members)
        if invocation.action is Action.FORM:
            return self._check_form(question, members)
        passed = self.judge(question, members)
        return passed if invocation.action is Action.START else Passed(passed.rule)

    def judge(self, question: Question, members: Members = NO_MEMBERS) -> Passed:
        """Allow or refuse what a question asks for.

        Raises:
            Refused: a rule refuses it; the error names the first such rule.
        """
        return Case(self, question, members).judged()

    def check_break_glass(self, question: Question, members: Members = NO_MEMBERS) -> Passed:
        """Check that the person may start what the other rules refuse: `[break_glass]` has to name them.

        A `deny` that names the person refuses this too.

        Raises:
            Refused: the person may not.
        """
        return Case(self, question, members).broken_glass()

    def _check_form(self, question: Question, members: Members) -> Passed:
        """Let everybody have the form who may start anything, perhaps with a reason."""
        try:
            return Passed(self.judge(question, members).rule)
        except Refused:
            if self.may_break_glass(question, members):
                return Passed("[break_glass]")
            raise

    def may_break_glass(self, question: Question, members: Members = NO_MEMBERS) -> bool:
        """Return True if the person may start what the other rules refuse."""
        try:
            self.check_break_glass(question, members)
        except Refused:
            return False
        return True

    def check_everywhere(self, invocation: Invocation, members: Members = NO_MEMBERS) -> None:
        """Check that the person may change the quick starts of all channels.

        Only admins may. If the policy names no admins, everybody may.

        Raises:
            Refused: the person is not an admin.
        """
        if self.admins and not is_admin(self, invocation.origin.user_id, members):
            raise refusal(self, Code.EVERYWHERE_NOT_ALLOWED, "admins")

    def too_many_starts(self, limit: int) -> Refused:
        """Return the refusal of a start beyond the limit."""
        return refusal(self, Code.STARTS_PER_HOUR, "[start] per_person_and_hour", limit=limit)
