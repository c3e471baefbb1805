"""The policy: who may start, stop and list what. A wrong file allows nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.invocation import Action, ChannelKind, JobInvocation, Source, StartRequest, Status
from bot.domain.policy import Policy
from bot.errors import Refused, SettingsError
from bot.messages.reasons import advice, sentence
from tests.fakes import an_invocation, changed

LOBBY = StartRequest("lobby", "cn-north-4")


def by(user: str = "U0MEI", channel: str | None = "C0AVATARS", **changes: Any) -> JobInvocation:
    invocation = an_invocation(
        id="one",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        action=Action.START,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        user_id=user,
        channel_id=channel,
        room_id="lobby",
        job_id="job-1",
    )
    return changed(invocation, **changes)


def check_start(policy: Policy, invocation: JobInvocation, request: StartRequest) -> None:
    policy.check(replace(invocation.asking_for(request), action=Action.START))


def check_stop(policy: Policy, invocation: JobInvocation, room_id: str, start: JobInvocation | None) -> None:
    policy.check(changed(invocation, action=Action.STOP, room_id=room_id), start)


def check_rtc_access(policy: Policy, invocation: JobInvocation, start: JobInvocation | None) -> None:
    policy.check(changed(invocation, action=Action.RTC_ACCESS, room_id="lobby"), start)


def refusal(policy: Policy, invocation: JobInvocation, request: StartRequest = LOBBY) -> str:
    with pytest.raises(Refused) as caught:
        check_start(policy, invocation, request)
    assert "Ask " in advice(caught.value)
    assert "The rule is `[start] " in advice(caught.value)
    return sentence(caught.value.reason)


@pytest.mark.parametrize("policy", [Policy(), Policy.parse(""), Policy.parse("[start]\n# nothing")])
@pytest.mark.parametrize("channel", ["C0AVATARS", None])
@pytest.mark.parametrize("region", ["cn-north-4", None])
def test_without_rules_everybody_may_start_everything(
    policy: Policy, channel: str | None, region: str | None
) -> None:
    check_start(policy, by("U0ANYBODY", channel), StartRequest("any-room", region))


def test_only_the_named_people_may_start() -> None:
    policy = Policy.parse('[start]\nusers = ["U0MEI", "U0JONAS"]')
    check_start(policy, by("U0MEI"), LOBBY)
    check_start(policy, by("U0JONAS", "C0ELSEWHERE"), StartRequest("other"))
    for stranger in ("U0EVE", "u0mei", "U0ME", ""):
        assert "You may not" in refusal(policy, by(stranger))


def test_only_the_named_channels_may_be_used() -> None:
    policy = Policy.parse('[start]\nchannels = ["C0AVATARS"]')
    check_start(policy, by("U0ANYBODY", "C0AVATARS"), LOBBY)
    for channel in ("C0ELSEWHERE", None):
        assert "this channel" in refusal(policy, by(channel=channel))


def test_only_the_named_rooms_may_be_started() -> None:
    policy = Policy.parse('[start]\nrooms = ["lobby", "24bad716"]')
    check_start(policy, by(), LOBBY)
    check_start(policy, by(), StartRequest("24bad716"))
    assert "`boardroom`" in refusal(policy, by(), StartRequest("boardroom"))


def test_only_the_named_regions_may_be_used_and_one_must_be_named() -> None:
    policy = Policy.parse('[start]\nregions = ["cn-north-4"]')
    check_start(policy, by(), LOBBY)
    for region in ("cn-southwest-2", None):
        assert "egion" in refusal(policy, by(), StartRequest("lobby", region))


@pytest.mark.parametrize("name", ["users", "channels", "rooms", "regions"])
def test_an_empty_list_lets_nobody_through(name: str) -> None:
    refusal(Policy.parse(f"[start]\n{name} = []"), by())


def test_all_lists_must_agree_and_the_first_in_the_way_is_named() -> None:
    policy = Policy.parse(
        '[start]\nusers = ["U0MEI"]\nchannels = ["C0AVATARS"]\nrooms = ["lobby"]\nregions = ["cn-north-4"]'
    )
    check_start(policy, by(), LOBBY)
    elsewhere = StartRequest("boardroom", "cn-southwest-2")
    assert "You may not" in refusal(policy, by("U0EVE", "C0ELSEWHERE"), elsewhere)
    assert "this channel" in refusal(policy, by(channel="C0ELSEWHERE"), elsewhere)
    assert "boardroom" in refusal(policy, by(), elsewhere)
    assert "egion" in refusal(policy, by(), StartRequest("lobby", "cn-southwest-2"))


MEIS = by("U0MEI")
"""A job that Mei has started."""


def refusal_to_stop(policy: Policy, invocation: JobInvocation, room_id: str = "lobby") -> str:
    with pytest.raises(Refused) as caught:
        check_stop(policy, invocation, room_id, MEIS)
    assert "Ask " in advice(caught.value)
    assert "The rule is `[stop] " in advice(caught.value)
    return sentence(caught.value.reason)


@pytest.mark.parametrize("policy", [Policy(), Policy.parse("[start]\nusers = []\n[stop]")])
@pytest.mark.parametrize("start", [MEIS, None], ids=["Mei's", "of nobody knows whom"])
def test_without_rules_for_stopping_everybody_may_stop_everything(
    policy: Policy, start: JobInvocation | None
) -> None:
    check_stop(policy, by("U0ANYBODY", None), "any-room", start)


def test_only_the_named_people_channels_and_rooms_may_be_part_of_a_stop() -> None:
    policy = Policy.parse('[stop]\nusers = ["U0JONAS"]\nchannels = ["C0AVATARS"]\nrooms = ["lobby"]')
    jonas = by("U0JONAS")
    check_stop(policy, jonas, "lobby", MEIS)
    check_stop(policy, jonas, "lobby", None)
    assert "You may not stop" in refusal_to_stop(policy, by("U0EVE", "C0ELSEWHERE"), "boardroom")
    for channel in ("C0ELSEWHERE", None):
        assert "may not be stopped from this channel" in refusal_to_stop(policy, by("U0JONAS", channel))
    assert "Room `boardroom` may not be stopped" in refusal_to_stop(policy, jonas, "boardroom")


@pytest.mark.parametrize("name", ["users", "channels", "rooms"])
def test_an_empty_list_for_stopping_lets_only_the_starter_and_admins_through(name: str) -> None:
    policy = Policy.parse(f'admins = ["U0ADMIN"]\n[stop]\n{name} = []')
    refusal_to_stop(policy, by("U0EVE"))
    check_stop(policy, by("U0MEI", "C0ELSEWHERE"), "lobby", MEIS)
    check_stop(policy, by("U0ADMIN", None), "lobby", MEIS)
    with pytest.raises(Refused):
        check_stop(policy, by("U0MEI"), "lobby", None)


def test_whoever_may_start_may_not_stop_for_that() -> None:
    policy = Policy.parse('[start]\nusers = ["U0JONAS"]\n[stop]\nusers = ["U0AMARA"]')
    refusal_to_stop(policy, by("U0JONAS"))
    refusal(policy, by("U0AMARA"))


def test_admins_may_do_everything() -> None:
    policy = Policy.parse(
        'admins = ["U0ADMIN", "W0ADMIN"]\n'
        "[start]\nusers = []\nchannels = []\nrooms = []\nregions = []\n"
        "[stop]\nusers = []\nchannels = []\nrooms = []"
    )
    for admin in (by("U0ADMIN", None), by("W0ADMIN", "C0ELSEWHERE")):
        check_start(policy, admin, LOBBY)
        check_start(policy, admin, StartRequest("lobby"))
        check_stop(policy, admin, "lobby", MEIS)
        check_rtc_access(policy, admin, None)
    refusal(policy, by("U0MEI"))


@pytest.mark.parametrize(
    "policy",
    [Policy(), Policy.parse('[start]\nusers = ["U0JONAS"]\n[stop]\nusers = ["U0JONAS"]')],
    ids=["no rules", "rules for others"],
)
def test_rtc_access_is_for_who_started_the_job_and_for_admins(policy: Policy) -> None:
    check_rtc_access(policy, by("U0MEI", None), MEIS)
    for start in (MEIS, None):
        with pytest.raises(Refused, match="rtc_access_not_yours has_admins=False") as caught:
            check_rtc_access(policy, by("U0JONAS"), start)
        rule = " The rule is `[rtc] users` in the bot's policy." if policy != Policy() else ""
        assert advice(caught.value) == f"Ask them to open it.{rule}"


def test_where_there_are_admins_they_are_named_as_those_who_may_see_rtc_access() -> None:
    with pytest.raises(Refused, match="rtc_access_not_yours has_admins=True"):
        check_rtc_access(Policy(admins=["U0LU"]), by("U0JONAS"), MEIS)


def gate(policy: Policy, invocation: JobInvocation, start: JobInvocation | None = None) -> str | None:
    """Return the reason why the policy refuses it, or None."""
    try:
        policy.check(invocation, start)
    except Refused as error:
        return sentence(error.reason)
    return None


IN_THE_LOBBY: dict[str, Any] = {"room_id": "lobby", "region": "cn-north-4"}
OF_SOME = {Action.RTC_ACCESS, Action.BREAK_GLASS}
"""What hardly anybody may do, of the same workspace or not."""

EVERY_ACTION = pytest.mark.parametrize("action", Action)


@EVERY_ACTION
def test_every_action_has_a_gate(action: Action) -> None:
    shut = Policy.parse("[start]\nusers = []\n[stop]\nusers = []\n[look]\nusers = []")
    invocation = by("U0EVE", action=action, **IN_THE_LOBBY)
    assert (gate(shut, invocation, MEIS) is None) is (action is Action.HELP)
    admin = shut.model_copy(update={"admins": ["U0EVE"]})
    assert (gate(admin, invocation, MEIS) is None) is (action is not Action.BREAK_GLASS)


@EVERY_ACTION
def test_without_a_policy_a_guest_from_another_workspace_may_look_and_nothing_else(action: Action) -> None:
    guest = by("U0PRIYA", action=action, foreign_team_id="T0PARTNER", **IN_THE_LOBBY)
    may = action in {Action.HELP, Action.JOBS, Action.DETAILS}
    for start in (None, MEIS, by("U0PRIYA")):
        refused = gate(Policy(), guest, start)
        assert (refused is None) is may
        assert may or "another Slack workspace" in str(refused) or action in OF_SOME


def test_a_guest_may_do_what_the_policy_names_them_for() -> None:
    guest: dict[str, Any] = {"foreign_team_id": "T0PARTNER", **IN_THE_LOBBY}
    start, stop, rtc = (
        by("U0PRIYA", action=action, **guest) for action in (Action.START, Action.STOP, Action.RTC_ACCESS)
    )
    may_start = Policy.parse('[start]\nusers = ["U0PRIYA"]')
    assert gate(may_start, start) is None
    assert gate(may_start, replace(start, action=Action.LOOK)) is None
    assert gate(may_start, stop, start) is None
    assert gate(may_start, rtc, start) is None
    assert "another Slack workspace" in str(gate(may_start, stop, MEIS))
    assert "Only who started the job" in str(gate(may_start, rtc, MEIS))

    may_stop = Policy.parse('[stop]\nusers = ["U0PRIYA"]\nrooms = ["lobby"]')
    assert gate(may_stop, stop, MEIS) is None
    assert "`boardroom`" in str(gate(may_stop, changed(stop, room_id="boardroom"), MEIS))
    assert "another Slack workspace" in str(gate(may_stop, start))
    assert "another Slack workspace" in str(gate(may_stop, rtc, start))


def test_a_channel_that_may_be_used_makes_no_guest_one_of_ours() -> None:
    policy = Policy.parse('[start]\nchannels = ["C0AVATARS"]\n[stop]\nchannels = ["C0AVATARS"]')
    for action in (Action.START, Action.LOOK, Action.STOP):
        guest = by("U0PRIYA", action=action, foreign_team_id="T0PARTNER", **IN_THE_LOBBY)
        assert "another Slack workspace" in str(gate(policy, guest))


def test_who_may_look_is_said_by_a_table_of_its_own() -> None:
    policy = Policy.parse('[look]\nusers = ["U0MEI"]\nchannels = ["C0AVATARS"]')
    assert gate(policy, by(action=Action.JOBS)) is None
    assert "You may not list avatars" in str(gate(policy, by("U0EVE", action=Action.JOBS)))
    assert "from this channel" in str(gate(policy, by(channel="C0ELSEWHERE", action=Action.JOBS)))
    assert gate(policy, by("U0EVE", action=Action.STOP, room_id="lobby")) is None
    only_mei_acts = Policy.parse('[start]\nusers = ["U0MEI"]\n[stop]\nusers = ["U0MEI"]')
    assert gate(only_mei_acts, by("U0EVE", action=Action.JOBS)) is None


def test_who_may_not_read_of_a_job_is_not_told_its_room() -> None:
    policy = Policy.parse('[stop]\nrooms = ["lobby"]')
    secret = by("U0MEI", "C0STUDIO", channel_kind=ChannelKind.PRIVATE)
    stop = by("U0EVE", action=Action.STOP, room_id="boardroom")
    assert gate(policy, stop, secret) == "The room of this job may not be stopped with this bot."
    public = changed(secret, channel_kind=ChannelKind.PUBLIC)
    assert gate(policy, stop, public) == "Room `boardroom` may not be stopped with this bot."


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ('[start]\nuser = ["U0MEI"]', "start.user"),
        ('[stop]\nuser = ["U0MEI"]', "stop.user"),
        ('[stop]\nregions = ["cn-north-4"]', "stop.regions"),
        ('[look]\nuser = ["U0MEI"]', "look.user"),
        ('[look]\nrooms = ["lobby"]', "look.rooms"),
        ('[stop]\nusers = "U0MEI"', "stop.users"),
        ("[stop]\nrooms = [1]", "stop.rooms.0"),
        ('stop = ["U0MEI"]', "stop"),
        ('[Stop]\nusers = ["U0MEI"]', "Stop"),
        ('[rtc]\nchannels = ["C0AVATARS"]', "rtc"),
        ('[start]\ngroups = ["U0MEI"]', "start.groups.0"),
        ('[start]\nusers = ["S0ONCALL"]', "start.users.0"),
        ('[start]\nquick_starts = ["Lobby!"]', "start.quick_starts.0"),
        ("[start]\nper_person_and_hour = 0", "start.per_person_and_hour"),
        ('[start]\nper_person_and_hour = "5"', "start.per_person_and_hour"),
        ("[start]\nper_person_and_hour = true", "start.per_person_and_hour"),
        ('[stop.deny]\nregions = ["cn-north-4"]', "stop.deny.regions"),
        ('[look.deny]\nrooms = ["lobby"]', "look.deny.rooms"),
        ('[deny]\nuser = ["U0MEI"]', "deny.user"),
        ('[break_glass]\nchannels = ["C0AVATARS"]', "break_glass.channels"),
        ('ask = ""', "ask"),
        ('ask = ["U0LU"]', "ask"),
        ('[rtc_access]\nusers = ["U0MEI"]', "rtc_access"),
        ('admins = "U0MEI"', "admins"),
        ('admins = ["@mei"]', "admins.0"),
        ('admins = ["C0AVATARS"]', "admins.0"),
        ("admins = true", "admins"),
        ('[admins]\nusers = ["U0MEI"]', "admins"),
        ('[start]\nadmins = ["U0MEI"]', "start.admins"),
        ('users = ["U0MEI"]', "users"),
        ('[Start]\nusers = ["U0MEI"]', "Start"),
        ('[start.users]\nlead = "U0MEI"', "start.users"),
        ('[start]\nusers = "U0MEI"', "start.users"),
        ("[start]\nusers = [1, 2]", "start.users.0"),
        ("[start]\nusers = true", "start.users"),
        ('start = ["U0MEI"]', "start"),
        ('[[start]]\nusers = ["U0MEI"]', "start"),
        ('[start]\nrooms = [["lobby"]]', "start.rooms.0"),
        ("[start]\nregions = [2026-01-01]", "start.regions.0"),
        ("[start\n", "line 1"),
        ('[start]\nusers = ["U0MEI"', "end of document"),
        ('[start]\nusers = []\nusers = ["U0MEI"]\n', "line 3"),
        ("start: users", "line 1"),
        ("\x00", "line 1"),
    ],
)
def test_a_faulty_file_shuts_the_gate_and_says_where(toml: str, where: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Policy.parse(toml)
    assert {fault.name for fault in caught.value.faults} == {"AVATAR_POLICY_FILE"}
    assert where in str(caught.value)


def test_every_fault_of_the_file_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Policy.parse("admins = 1\n[start]\nuser = []\nrooms = 7\n[stop]\nregions = []\n[watch]\n")
    told = [fault.remedy for fault in caught.value.faults]
    assert {remedy.partition(":")[0] for remedy in told} == {
        "admins",
        "start.user",
        "start.rooms",
        "stop.regions",
        "watch",
    }
    assert len(told) == 5


def test_a_faulty_value_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Policy.parse('[start]\nusers = "secret-value"')
    assert "secret-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[start]\nuser = ["U1"]', "there is no such rule"),
        ('[stop]\nregions = ["cn-north-4"]', "[stop] with users, channels and rooms"),
        ("[look]\nrooms = []", "[look] with users and channels"),
        ('admins = "U1"', "give a list"),
        ('admins = ["#avatars"]', "this is no ID"),
        ("stop = 1", "write [start] or [stop]"),
        ('[start]\nusers = "U1"', "give a list"),
        ("[start]\nusers = [1]", "put it in quotes"),
        ('[start]\nusers = ["@mei"]', "this is no ID"),
        ('[start]\nchannels = ["#avatars"]', "this is no ID"),
        ("start = 1", "write [start]"),
    ],
)
def test_a_mistake_in_the_file_is_said_in_words(toml: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Policy.parse(toml)
    assert words in str(caught.value)


def test_where_the_policy_names_regions_the_person_is_told_which() -> None:
    policy = Policy.parse('[start]\nregions = ["cn-north-4"]')
    with pytest.raises(Refused, match="region_required") as caught:
        check_start(policy, by(), StartRequest("lobby"))
    assert advice(caught.value).startswith("Allowed: `cn-north-4`. Ask whoever runs the bot.")


def test_a_job_that_was_adopted_shows_its_rtc_access_to_admins_only() -> None:
    adopted = changed(by(), adopted_at=by().created_at)
    with pytest.raises(Refused, match="rtc_access_of_adopted_job") as caught:
        check_rtc_access(Policy(), by(), adopted)
    assert advice(caught.value) == "Stop the job and start anew."
    check_rtc_access(Policy(admins=[by().origin.user_id]), by(), adopted)


def test_quick_starts_are_for_those_who_may_start_in_the_channel_whatever_the_room() -> None:
    asked = changed(by(), action=Action.QUICK)
    Policy().check(asked)
    Policy.parse('[start]\nrooms = ["lobby"]\nregions = ["cn-north-4"]').check(asked)
    for rule in ("users", "channels"):
        with pytest.raises(Refused):
            Policy.parse(f"[start]\n{rule} = []").check(asked)
    Policy(admins=[asked.origin.user_id], start=Policy.parse("[start]\nusers = []").start).check(asked)
    with pytest.raises(Refused, match="workspace_not_allowed"):
        Policy().check(changed(asked, foreign_team_id="T9"))


def test_what_concerns_all_channels_is_for_admins_where_the_policy_names_any() -> None:
    Policy().check_everywhere(by())
    Policy(admins=[by().origin.user_id]).check_everywhere(by())
    with pytest.raises(Refused, match="everywhere_not_allowed"):
        Policy(admins=["U0ADMIN"]).check_everywhere(by())


def test_the_rooms_of_the_policy_wait_until_a_name_is_known_to_be_one_of_them() -> None:
    policy = Policy.parse('[start]\nrooms = ["24bad716"]\nregions = ["cn-north-4"]')
    named = changed(by(), action=Action.START, room_id=None, room_name="Lobby kiosk")
    named = replace(named, request=replace(named.request, region="cn-north-4"))
    policy.check(named)
    policy.check(changed(named, room_id="24bad716"))
    with pytest.raises(Refused, match="room_not_allowed"):
        policy.check(changed(named, room_id="5e0c1f7a"))
    with pytest.raises(Refused, match="region_required"):
        policy.check(replace(named, request=replace(named.request, region=None)))
