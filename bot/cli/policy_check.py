"""`avatar-bot policy check`: say whether the policy file allows one use, and why."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain.policy import Policy
from bot.domain.policy_question import NO_MEMBERS, Act, Members, Passed, Question
from bot.environment.policy_file import read_policy
from bot.errors import Refused
from bot.messages.reasons import on_one_line
from bot.reasons import ReasonCode as Code
from bot.settings import PolicySettings
from bot.slack.client import open_session, slack_client
from bot.slack.user_groups import UserGroups

SLACK_SECONDS = 5.0
ALLOWED, REFUSED, WRONG_USAGE = 0, 1, 2

PATTERNS = {
    "USER": (r"[UW][A-Z0-9]+", "a Slack user ID, such as U024BE7LH"),
    "--channel": (r"[CDG][A-Z0-9]+", "a Slack channel ID, such as C024BE7LR"),
    "--group": (r"S[A-Z0-9]+", "the ID of a Slack user group, such as S0604QSJC"),
    "--room": (r"[A-Za-z0-9_-]{1,64}", "the ID of a MetaStudio room"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The printed text and the exit status."""

    text: str
    status: int


def wrong_id(name: str, value: str) -> str | None:
    """Return what is wrong with an ID, or None."""
    pattern, what = PATTERNS[name]
    return None if re.fullmatch(pattern, value) else f"{value!r} is not {what}"


async def check(
    settings: PolicySettings, file: Path | None, question: Question, groups: Collection[str]
) -> Verdict:
    """Judge a question by a policy file.

    Args:
        file: the file to use instead of AVATAR_POLICY_FILE.
        groups: the user groups that the person counts as a member of. If there are none, Slack is asked.

    Raises:
        SettingsError: the file cannot be read, or is wrong.
    """
    path = file or settings.AVATAR_POLICY_FILE
    policy = read_policy(path) if path else Policy()
    if question.act is Act.START and question.region is None:
        question = replace(question, region=settings.AVATAR_DEFAULT_REGION)
    if groups:
        members: Members = {
            group: frozenset({question.user_id} if group in groups else ()) for group in policy.groups
        }
    else:
        members = await _members(settings, policy)
    notes = [] if path else ["There is no policy: AVATAR_POLICY_FILE names no file."]
    if settings.SLACK_BOT_TOKEN is None and policy.groups and not groups:
        notes.append("Slack was not asked: SLACK_BOT_TOKEN is not set.")
    unknown = sorted(policy.groups - members.keys())
    notes += [
        f"Who is in {group} is not known, so nobody is. --group takes them for a member." for group in unknown
    ]
    verdict = judge(policy, question, members)
    return replace(verdict, text="\n".join([verdict.text, *notes]))


_IN_WORDS = {
    Act.START: "start avatars",
    Act.STOP: "stop avatars",
    Act.RTC: "see the RTC access of avatars",
    Act.LOOK: "list jobs",
    Act.QUICK: "change quick starts",
}


def judge(policy: Policy, question: Question, members: Members = NO_MEMBERS) -> Verdict:
    """Return whether the policy allows it, and by which rule."""
    try:
        passed = policy.judge(question, members)
    except Refused as error:
        rule = str(error.reason.args.get("rule", ""))
        if missing := _missing(question, rule):
            return Verdict(f"It depends on {missing}: the policy's rule is `{rule}`.", WRONG_USAGE)
        lines = [f"Refused: {_why(error, question, rule)}"]
        if question.act is Act.START and _breaks_glass(policy, question, members):
            lines.append("They may start it all the same by giving a reason: [break_glass] names them.")
        return Verdict("\n".join(lines), REFUSED)
    return Verdict("\n".join(_allowed(question, passed, has_rules=policy.has_rules)), ALLOWED)


def _allowed(question: Question, passed: Passed, *, has_rules: bool) -> list[str]:
    decided = f" Decided by: {passed.rule}." if has_rules else ""
    lines = [f"Allowed: {question.user_id} may {_IN_WORDS[question.act]}.{decided}"]
    if passed.starts_per_hour is not None and question.act is Act.START:
        most = passed.starts_per_hour
        lines.append(f"At most {most} an hour: the starts of the last hour are not counted here.")
    return lines


def _why(error: Refused, question: Question, rule: str) -> str:
    if error.reason.code is not Code.GROUP_UNKNOWN:
        return on_one_line(error)
    group = error.reason.args.get("group")
    return f"it is not known whether {question.user_id} is in {group}. The rule is `{rule}` in the policy."


def _missing(question: Question, rule: str) -> str | None:
    """Return the missing option that the answer depends on, or None."""
    match rule.rpartition(" ")[2]:
        case "channels" if question.channel_id is None:
            return "--channel"
        case "rooms" | "quick_starts" if question.room_id is None and question.quick_start is None:
            return "--room or --quick-start" if question.act is Act.START else "--room"
        case _:
            return None


def _breaks_glass(policy: Policy, question: Question, members: Members) -> bool:
    try:
        policy.check_break_glass(question, members)
    except Refused:
        return False
    return True


async def _members(settings: PolicySettings, policy: Policy) -> Members:
    """Ask Slack for the members of the policy's user groups, if there is a token."""
    if not policy.groups or settings.SLACK_BOT_TOKEN is None:
        return NO_MEMBERS
    async with open_session() as session:
        slack = slack_client(settings.SLACK_API_URL, settings.SLACK_BOT_TOKEN, session)
        user_groups = UserGroups(slack, lambda: policy.groups)
        await user_groups.read(policy.groups, seconds=SLACK_SECONDS)
        return user_groups.members()
