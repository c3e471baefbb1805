"""The policy: user groups, quick starts, what is denied, how often, and what breaks the glass."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.invocation import Action, JobInvocation, Source, Status
from bot.domain.policy import Policy
from bot.domain.policy_question import NO_MEMBERS, Act, Members, Passed, Question
from bot.errors import Refused
from bot.messages.reasons import advice, sentence
from bot.reasons import ReasonCode as Code
from tests.fakes import an_invocation, changed

ON_CALL: Members = {"S0ONCALL": frozenset({"U0MEI"}), "S0LEFT": frozenset()}


def by(user: str = "U0MEI", action: Action = Action.START, **changes: Any) -> JobInvocation:
    invocation = an_invocation(
        id="one",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        action=action,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        user_id=user,
        channel_id="C0AVATARS",
        room_id="lobby",
        region="cn-north-4",
        job_id="job-1",
    )
    return changed(invocation, **changes)


def refused(
    policy: Policy, invocation: JobInvocation, members: Members = ON_CALL, **more: Any
) -> tuple[str, str] | None:
    """Why it does not pass and by which rule, or None."""
    try:
        policy.check(invocation, members=members, **more)
    except Refused as error:
        return sentence(error.reason), str(error.reason.args.get("rule"))
    return None


def test_who_is_in_a_group_may_beside_whom_the_policy_names() -> None:
    policy = Policy.parse('[start]\nusers = ["U0LU"]\ngroups = ["S0ONCALL"]')
    assert refused(policy, by("U0MEI")) is None
    assert refused(policy, by("U0LU")) is None
    assert refused(policy, by("U0EVE")) == (
        "You may not start avatars with this bot.",
        "[start] users and groups",
    )


def test_an_emptied_group_is_nobody_and_a_sentence_says_so() -> None:
    policy = Policy.parse('[start]\ngroups = ["S0LEFT"]')
    what, rule = refused(policy, by("U0MEI")) or ("", "")
    assert "The user group `S0LEFT`, whose members may, has no members at the moment." in what
    assert rule == "[start] groups"


def test_of_a_group_that_is_not_known_nobody_is_a_member() -> None:
    policy = Policy.parse('admins = ["S0LEADS"]\n[start]\nusers = ["U0LU"]\ngroups = ["S0ONCALL"]')
    what, _ = refused(policy, by("U0MEI"), NO_MEMBERS) or ("", "")
    assert "Slack does not tell the bot at the moment who is in the user group `S0ONCALL`" in what
    assert refused(policy, by("U0LU"), NO_MEMBERS) is None


def test_a_denied_group_that_is_not_known_holds_for_everybody() -> None:
    policy = Policy.parse('[start.deny]\ngroups = ["S0GUESTS"]')
    assert refused(policy, by("U0MEI"), {"S0GUESTS": frozenset({"U0EVE"})}) is None
    assert refused(policy, by("U0EVE"), {"S0GUESTS": frozenset({"U0EVE"})}) is not None
    assert "Slack does not tell" in str(refused(policy, by("U0MEI"), NO_MEMBERS))


def test_a_group_makes_admins() -> None:
    policy = Policy.parse('admins = ["S0ONCALL"]\n[start]\nusers = []\nper_person_and_hour = 1')
    assert policy.check(by("U0MEI"), members=ON_CALL) == Passed("admins")
    assert refused(policy, by("U0EVE")) is not None


def test_a_group_makes_no_guest_one_of_ours() -> None:
    policy = Policy.parse('[start]\ngroups = ["S0ONCALL"]\n[break_glass]\ngroups = ["S0ONCALL"]')
    guest = by("U0MEI", foreign_team_id="T0PARTNER")
    assert "another Slack workspace" in str(refused(policy, guest))
    assert refused(policy, changed(guest, source=Source.BREAK_GLASS)) is not None


@pytest.mark.parametrize("table", ["deny", "start.deny"])
@pytest.mark.parametrize(
    "rule",
    [
        'users = ["U0MEI"]',
        'groups = ["S0ONCALL"]',
        'channels = ["C0AVATARS"]',
        'rooms = ["lobby"]',
        'regions = ["cn-north-4"]',
        'quick_starts = ["desk"]',
    ],
)
def test_deny_wins_over_whatever_allows_it_admins_included(table: str, rule: str) -> None:
    allowing = '[start]\nusers = ["U0MEI"]\nrooms = ["lobby"]\nquick_starts = ["desk"]\n'
    for admins in ("", 'admins = ["U0MEI"]\n'):
        policy = Policy.parse(f"{admins}{allowing}[{table}]\n{rule}")
        told = refused(policy, by(), quick_start="desk")
        assert told is not None
        assert told[1] == f"[{table}] {rule.split(maxsplit=1)[0]}"
    elsewhere = by("U0LU", room_id="hall", region="cn-southwest-2", channel_id="C0ELSEWHERE")
    assert refused(Policy.parse(f"[{table}]\n{rule}"), elsewhere) is None


def test_who_started_a_job_may_not_stop_it_where_they_are_denied() -> None:
    policy = Policy.parse('[stop.deny]\nusers = ["U0MEI"]')
    with pytest.raises(Refused):
        policy.check(by(action=Action.STOP), by())
    policy.check(by("U0LU", action=Action.STOP), by())


def test_everybody_reads_the_help() -> None:
    policy = Policy.parse('[deny]\nusers = ["U0MEI"]')
    assert refused(policy, by(action=Action.HELP)) is None
    assert refused(policy, by(action=Action.JOBS)) is not None


def test_a_start_passes_by_its_room_or_by_its_quick_start() -> None:
    policy = Policy.parse('[start]\nrooms = ["lobby"]\nquick_starts = ["desk"]')
    hall = by(room_id="hall")
    assert refused(policy, by()) is None
    assert refused(policy, hall, quick_start="desk") is None
    assert "Room `hall`" in str(refused(policy, hall))
    assert "Quick start `other`" in str(refused(policy, hall, quick_start="other"))


def test_where_only_quick_starts_are_named_no_room_may_be_typed() -> None:
    policy = Policy.parse('[start]\nquick_starts = ["desk", "lobby"]')
    with pytest.raises(Refused) as caught:
        policy.check(by())
    assert advice(caught.value).startswith("Allowed quick starts: `desk`, `lobby`. Ask ")


def test_a_room_that_is_still_to_be_found_by_its_name_is_judged_when_it_is() -> None:
    policy = Policy.parse('[start]\nrooms = ["lobby"]')
    unnamed = by(room_id=None, region=None, room_name="Main hall")
    assert refused(policy, unnamed) is None
    assert refused(policy, by(room_id="hall", room_name="Main hall")) is not None


def test_only_a_start_of_its_own_counts_against_the_limit() -> None:
    policy = Policy.parse("[start]\nper_person_and_hour = 5")
    assert policy.check(by()).starts_per_hour == 5
    for action in (Action.LOOK, Action.ADOPT, Action.STOP, Action.JOBS):
        assert policy.check(by(action=action)).starts_per_hour is None


def test_a_refusal_names_whom_to_ask() -> None:
    refusing = "[start]\nusers = []"
    for ask, asked in (
        ('ask = "the avatar team"', "Ask the avatar team."),
        ('admins = ["U0LU", "S0LEADS"]', "Ask <@U0LU> or <!subteam^S0LEADS>."),
        ("", "Ask whoever runs the bot."),
    ):
        with pytest.raises(Refused) as caught:
            Policy.parse(f"{ask}\n{refusing}").check(by())
        assert advice(caught.value) == f"{asked} The rule is `[start] users` in the bot's policy."


def test_whom_the_policy_names_for_rtc_access_sees_that_of_others() -> None:
    policy = Policy.parse('[rtc]\ngroups = ["S0ONCALL"]\nrooms = ["lobby"]')
    lus = by("U0LU")
    adopted = changed(lus, adopted_at=lus.created_at)
    for start in (lus, adopted, None):
        policy.check(by(action=Action.RTC_ACCESS), start, members=ON_CALL)
        with pytest.raises(Refused):
            policy.check(by(action=Action.RTC_ACCESS, room_id="hall"), start, members=ON_CALL)
        with pytest.raises(Refused):
            policy.check(by("U0EVE", action=Action.RTC_ACCESS), start, members=ON_CALL)
    policy.check(by("U0LU", action=Action.RTC_ACCESS, room_id="hall"), lus, members=ON_CALL)


def test_quick_starts_are_for_those_who_may_start_unless_a_table_says_who() -> None:
    may_start = Policy.parse('[start]\nusers = ["U0MEI"]\nrooms = ["hall"]')
    assert refused(may_start, by(action=Action.QUICK)) is None
    assert "You may not" in str(refused(may_start, by("U0EVE", action=Action.QUICK)))
    may_change = Policy.parse('[start]\nusers = ["U0MEI"]\n[quick]\nusers = ["U0LU"]')
    assert refused(may_change, by(action=Action.QUICK)) == (
        "You may not change quick starts with this bot.",
        "[quick] users",
    )
    assert refused(may_change, by("U0LU", action=Action.QUICK)) is None


GLASS = '[break_glass]\nusers = ["U0LU"]\ngroups = ["S0ONCALL"]\n'


def test_who_may_break_the_glass_starts_what_the_rules_refuse() -> None:
    policy = Policy.parse(f"{GLASS}[start]\nusers = []\nper_person_and_hour = 1\n[deny]\nrooms = ['lobby']")
    for user in ("U0MEI", "U0LU"):
        assert refused(policy, by(user)) is not None
        broken = policy.check(by(user, source=Source.BREAK_GLASS), members=ON_CALL)
        assert broken == Passed("[break_glass]")
        assert refused(policy, by(user, action=Action.BREAK_GLASS)) is None
    assert refused(policy, by("U0EVE", source=Source.BREAK_GLASS)) is not None


@pytest.mark.parametrize("glass", ["", "[break_glass]", "[break_glass]\nusers = []"])
def test_without_people_nobody_may_break_the_glass(glass: str) -> None:
    for admins in ("", 'admins = ["U0MEI"]\n'):
        policy = Policy.parse(f"{admins}{glass}")
        assert refused(policy, by(source=Source.BREAK_GLASS)) is not None


@pytest.mark.parametrize("table", ["deny", "start.deny"])
def test_whom_a_deny_names_breaks_no_glass(table: str) -> None:
    policy = Policy.parse(f'{GLASS}[{table}]\nusers = ["U0LU"]\ngroups = ["S0LEFT"]')
    assert refused(policy, by("U0LU", source=Source.BREAK_GLASS)) is not None
    assert refused(policy, by("U0MEI", source=Source.BREAK_GLASS)) is None


def test_the_groups_of_all_tables_are_known() -> None:
    policy = Policy.parse(
        'admins = ["U0LU", "S0A"]\n[deny]\ngroups = ["S0B"]\n[start]\ngroups = ["S0C"]\n'
        '[start.deny]\ngroups = ["S0D"]\n[rtc]\ngroups = ["S0E"]\n[break_glass]\ngroups = ["S0F", "S0C"]'
    )
    assert policy.groups == {"S0A", "S0B", "S0C", "S0D", "S0E", "S0F"}
    assert Policy().groups == frozenset()


@pytest.mark.parametrize("table", ["deny", "start.deny"])
def test_a_denied_region_is_not_had_by_naming_none(table: str) -> None:
    policy = Policy.parse(f'admins = ["U0MEI"]\n[{table}]\nregions = ["cn-north-4"]')
    question = Question(act=Act.START, user_id="U0MEI", room_id="lobby")
    with pytest.raises(Refused) as refused:
        policy.judge(question)
    assert refused.value.reason.code is Code.REGION_REQUIRED
    policy.judge(replace(question, region="cn-southwest-2"))
    policy.judge(replace(question, at_all=True))
