import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.arguments import (
    JobRef,
    Regions,
    StopWanted,
    did_you_mean,
    first_word,
    parse_again,
    parse_job_value,
    parse_start,
    parse_stop,
    refuse_extra_words,
    unknown_subcommand,
)
from bot.domain.invocation import Action, RoomType, Source, StartRequest, Status
from bot.domain.typed_text import words_of
from bot.errors import InvalidArguments
from bot.messages.reasons import advice, sentence
from tests.fakes import an_invocation

REGIONS = Regions(("cn-north-4", "cn-southwest-2"))
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
JOB = "26f06524-4f75-4b3a-a853-b649a21aaf66"


def is_dash(char: str) -> bool:
    return unicodedata.category(char) == "Pd" or char in "−˗➖─"


def refusal(text: str, regions: Regions = REGIONS) -> str:
    with pytest.raises(InvalidArguments) as refusing:
        start_typed_as(text, regions)
    return f"{sentence(refusing.value.reason)} {advice(refusing.value)}"


def start_typed_as(text: str, regions: Regions) -> StartRequest:
    word, rest = first_word(text)
    return parse_start([word, *rest], regions)


def stop_typed_as(text: str) -> StopWanted:
    word, rest = first_word(text)
    assert word.lower() == "stop"
    return parse_stop(rest)


def test_a_room_alone_is_enough() -> None:
    assert start_typed_as(ROOM, REGIONS) == StartRequest(ROOM)


def test_the_region_comes_second() -> None:
    assert start_typed_as(f"{ROOM} cn-southwest-2", REGIONS) == StartRequest(ROOM, region="cn-southwest-2")


def test_the_default_region_is_taken_where_none_is_named() -> None:
    regions = Regions(REGIONS.allowed, default="cn-southwest-2")
    assert start_typed_as(ROOM, regions) == StartRequest(ROOM, region="cn-southwest-2")
    assert start_typed_as(f"{ROOM} cn-north-4", regions) == StartRequest(ROOM, region="cn-north-4")


def test_everything_can_be_given_at_once() -> None:
    assert start_typed_as(f"{ROOM} cn-north-4 room_type=METALINK client_id=desk-7", REGIONS) == StartRequest(
        ROOM, region="cn-north-4", room_type=RoomType.METALINK, client_id="desk-7"
    )


def test_everything_can_be_named_in_any_order() -> None:
    text = f"client_id=desk-7 region=cn-north-4 ROOM_TYPE=rtc room_id={ROOM}"
    assert start_typed_as(text, REGIONS) == StartRequest(
        ROOM, region="cn-north-4", room_type=RoomType.RTC, client_id="desk-7"
    )


@pytest.mark.parametrize("word", ["rtc", "Rtc", "RTC", "metalink", "MetaLink", "METALINK"])
def test_a_room_type_may_be_written_in_any_case(word: str) -> None:
    request = start_typed_as(f"{ROOM} room_type={word}", REGIONS)
    assert request == StartRequest(ROOM, room_type=RoomType(word.upper()))


@pytest.mark.parametrize(
    "text",
    [
        "help",
        "HELP",
        "Help me, please",
        "?",
        "-h",
        "--help",
        "-help",
        "`help`",
        "“help”",
        "\u200bhelp",
        "ｈｅｌｐ",
        "<https://help|help>",
        "—help",
        "–help",
        "−−help",
        "‐‑help",
        "——h",
        "－ｈ",
        "*help*",
        "_help_.",
        "(help)",
        "？",
        "-?",
    ],
)
def test_help_is_understood_in_all_its_forms(text: str) -> None:
    assert first_word(text)[0] == "help"


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t", "\u00a0\u3000", "\u200b\ufeff", "``", '""', "<>", "&lt;&gt;"]
)
def test_nothing_at_all_gets_help_too(text: str) -> None:
    assert first_word(text) == ("help", [])


@pytest.mark.parametrize(
    "text",
    [
        "“room-1” “cn-north-4”",
        "‘room-1’ „cn-north-4“",
        "«room-1» ´cn-north-4´",
        "`room-1` `cn-north-4`",
        "`room-1 cn-north-4`",
        "```room-1 cn-north-4```",
        "<room-1> <cn-north-4>",
        "&lt;room-1&gt; &lt;cn-north-4&gt;",
        "room-1, cn-north-4;",
        "ｒｏｏｍ－１　ｃｎ－ｎｏｒｔｈ－４",
        "room-1\u00a0cn-north-4",
        "room-1\u2003\u202fcn-north-4",
        "room-1\ncn-north-4\r\n",
        "\u200broom\u200d-1 cn\u2060-north-4\ufeff",
        "ro\u00adom-1 CN-North-4",
        "<http://room-1|room-1> cn-north-4",
        "room_id = room-1 region = cn-north-4",
        "room_id= room-1 region =cn-north-4",
        "room_id＝room-1 region　＝　cn-north-4",
        "room_id=“room-1” region='cn-north-4'",
        "“room_id=room-1” `region=cn-north-4`",
        "region=cn-north-4 room-1",
        "*room-1* _cn-north-4_",
        "*room-1 cn-north-4*",
        "_room-1 cn-north-4_",
        "~room-1~ *_cn-north-4_*",
        "*room_id=room-1* _region=cn-north-4_",
        "*room_id*=*room-1* _region_ = _cn-north-4_",
        "(room-1) [cn-north-4].",
        "【room‑1】 「cn‐north−4」。",
        "‹room–1› ″cn—north―4″",
        "`*room_id*`=`*room-1*` *`region`*=_`cn-north-4`_",
        "*`room-1 cn-north-4`*",
        "room\u00ad-1\ufe0f cn\u180e-north\U000e0100-4",
        "r\u3164oom-1\u2800cn-nor\u034fth-4\u2066",
        "roomー1 cn─north━4",
        "room_id═room-1 region꞊cn-north-4",
    ],
)
def test_what_keyboards_and_slack_do_to_a_text_is_undone(text: str) -> None:
    assert start_typed_as(text, REGIONS) == StartRequest("room-1", region="cn-north-4")


@pytest.mark.parametrize(
    ("typed", "client_id"),
    [
        ("desk=7", "desk=7"),
        ("a&amp;b", "a&b"),
        ("<http://desk.example|desk.example>", "desk.example"),
        ("<@U0MEI00001|mei>", "@mei"),
        ("<#C0AVATARS1|avatars>", "#avatars"),
        ("&amp;lt;x", "&lt;x"),
        ("x" * 128, "x" * 128),
    ],
)
def test_a_client_id_arrives_as_it_was_typed(typed: str, client_id: str) -> None:
    assert start_typed_as(f"{ROOM} client_id={typed}", REGIONS) == StartRequest(ROOM, client_id=client_id)


@pytest.mark.parametrize("dash", [chr(code) for code in range(0x110000) if is_dash(chr(code))])
def test_every_dash_is_the_one_of_ids_in_every_argument(dash: str) -> None:
    def with_it(text: str) -> str:
        return text.replace("-", dash)

    assert start_typed_as(with_it(f"{ROOM} cn-north-4 client_id=desk-7"), REGIONS) == StartRequest(
        ROOM, "cn-north-4", client_id="desk-7"
    )
    assert stop_typed_as(with_it(f"stop {JOB} {ROOM}")) == StopWanted(JOB, ROOM)
    for text in ("--help", "-h"):
        assert first_word(with_it(text)) == ("help", [])


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("_lobby", "_lobby"),
        ("lobby_", "lobby_"),
        ("_lobby_", "lobby"),
        ("__lobby__", "_lobby_"),
        ("*__lobby__*", "_lobby_"),
        ("room_id=_lobby_", "lobby"),
        ("_-_", "_-_"),
        ("-lobby-", "-lobby-"),
        ("_a_ client_id=b_", "a"),
    ],
)
def test_an_underscore_of_an_id_stays_and_a_pair_around_a_word_goes(text: str, room: str) -> None:
    request = start_typed_as(text, REGIONS)
    assert isinstance(request, StartRequest)
    assert request.room_id == room


def test_letters_that_look_like_a_dash_stay_beside_letters_of_theirs() -> None:
    assert words_of("ロビー room-ー1 一番 24ー7") == ["ロビー", "room--1", "一番", "24-7"]


@pytest.mark.parametrize(
    ("typed", "hidden"),
    [
        ("24bаd716", "U+0430 (cyrillic small letter a)"),
        ("lob\0by", "U+0000"),
        ("räum", "U+00E4 (latin small letter a with diaeresis)"),
        ("lobby\ud800", "U+D800"),
    ],
)
def test_what_looks_right_and_is_not_is_named(typed: str, hidden: str) -> None:
    said = refusal(typed)
    assert "is not a room ID. It holds " in said
    assert hidden in said
    assert said.isprintable()


@pytest.mark.parametrize("room", ["a", "x" * 64, "_-_", "0"])
def test_room_ids_at_the_edge_are_taken(room: str) -> None:
    assert start_typed_as(room, REGIONS) == StartRequest(room)


@pytest.mark.parametrize(
    "room", ["x" * 65, "a/b", "..", "a.b", "räum", "a%2Fb", "a?b", "房间", "a\\b", "#room"]
)
def test_what_is_no_room_id_is_refused(room: str) -> None:
    said = refusal(room)
    assert "is not a room ID" in said
    assert "1 to 64 letters" in said


def test_a_region_in_the_place_of_the_room_is_recognised() -> None:
    for text in ("cn-north-4", f"CN-North-4 {ROOM}"):
        said = refusal(text)
        assert "is a region; the room ID belongs in its place." in said
        assert "The room ID comes first: `room_id cn-north-4`." in said


def test_options_without_a_room_are_refused() -> None:
    assert (
        refusal("region=cn-north-4")
        == "The room ID is missing. It comes before the region: `room_id [region]`."
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cn-noth-4", "cn-north-4"),
        ("cn-north-1", "cn-north-4"),
        ("CN-SOUTHWEST2", "cn-southwest-2"),
        ("north-beijing4", "cn-north-4"),
        ("Beijing", "cn-north-4"),
        ("Guiyang", "cn-southwest-2"),
        ("Southwest-Guiyang1", "cn-southwest-2"),
    ],
)
def test_a_mistyped_region_gets_a_suggestion_by_its_id_or_its_name(typed: str, meant: str) -> None:
    said = refusal(f"{ROOM} {typed}")
    assert "is not a region that this bot may use. Allowed: `cn-north-4`, `cn-southwest-2`." in said
    assert said.endswith(f"Did you mean `{meant}`?")


def test_a_region_that_resembles_none_gets_no_suggestion() -> None:
    assert refusal(f"{ROOM} mars-1").endswith("Allowed: `cn-north-4`, `cn-southwest-2`.")


def test_a_name_without_its_quotes_is_told_to_need_them() -> None:
    said = refusal("Lobby kiosk")
    assert said.endswith("Allowed: `cn-north-4`, `cn-southwest-2`. A name with blanks stands between quotes.")


def test_only_allowed_regions_are_suggested() -> None:
    assert "cn-southwest-2" not in refusal(f"{ROOM} guiyang", Regions(("cn-north-4",)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ROOM} cn-north-4 please", "`please` is one word too many."),
        (f"{ROOM} cn-north-4 RTC", "`RTC` is one word too many."),
        (f"room_id={ROOM} {ROOM}", "`room_id` is given twice."),
        (f"{ROOM} cn-north-4 region=cn-north-4", "`region` is given twice."),
        (f"{ROOM} room_type=RTC ROOM_TYPE=rtc", "`room_type` is given twice."),
        (f"{ROOM} colour=red", "`colour` is not an option."),
        ("=red", "`=red` is not an option."),
        (f"{ROOM} region=", "`region=` has no value."),
        (f"{ROOM} client_id=''", "`client_id=` has no value."),
        (f"{ROOM} room_type=VIDEO", "`VIDEO` is not a room type. Allowed: `RTC`, `METALINK`."),
        (f"{ROOM} client_id={'x' * 129}", "is not a client ID. A client ID has 1 to 128"),
        (f"{ROOM} client_id=büro", "`büro` is not a client ID."),
    ],
)
def test_what_cannot_be_used_is_named(text: str, said: str) -> None:
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("roomtype=RTC", "room_type"),
        ("room-type=RTC", "room_type"),
        ("--client-id=x", "client_id"),
        ("clientid=x", "client_id"),
        ("regoin=x", "region"),
        ("room_type=METALNK", "METALINK"),
    ],
)
def test_a_mistyped_option_gets_a_suggestion(typed: str, meant: str) -> None:
    assert refusal(f"{ROOM} {typed}").endswith(f"Did you mean `{meant}`?")


def test_suggestions_come_only_where_something_is_near() -> None:
    assert did_you_mean("regoin", ("region", "room_id")) == "region"
    assert did_you_mean("xyz", ("region", "room_id")) is None
    assert did_you_mean("", ()) is None


def test_a_quoted_word_cannot_leave_its_ticks() -> None:
    assert refusal("ro`o*m").startswith("`ro'o*m` is not a room ID.")


def test_blanks_by_the_thousand_are_nothing() -> None:
    assert start_typed_as(ROOM + " " * 3000 + "cn-north-4", REGIONS) == StartRequest(
        ROOM, region="cn-north-4"
    )


def test_a_text_that_nobody_types_is_refused_before_it_is_read() -> None:
    assert "too long" in refusal(ROOM + "\u0301\u0316" * 100_000)


LIKELY = st.sampled_from(
    [
        ROOM,
        "cn-north-4",
        "room_id",
        "region",
        "room_type",
        "client_id",
        "RTC",
        "help",
        "&lt;",
        "&amp;",
        "<#C1|x>",
    ]
)
MARKS = st.sampled_from(
    ["=", " ", "\u00a0", "\u200b", "“", "`", "<", ">", "|", ",", "＝", "\ud800", "\0", "\n", "ﷺ"]
)
TEXTS = (
    st.text()
    | st.lists(LIKELY | MARKS | st.text(max_size=5)).map("".join)
    | st.text(alphabet=st.characters(), min_size=1, max_size=20).map(lambda seed: (seed * 10_000)[:10_000])
)


@given(TEXTS)
def test_no_word_holds_what_nobody_sees_or_another_dash(text: str) -> None:
    for word in words_of(text):
        assert word == unicodedata.normalize("NFKC", word)
        assert not [char for char in word if char.isspace() or unicodedata.category(char) == "Cf"]
        assert [char for char in word if unicodedata.category(char) == "Pd"] == ["-"] * word.count("-")


NOISE = st.sampled_from(["", "\u200b", "\ufeff", "\ufe0f", "\u2060", "\u202a", "\u3164", "\U000e0101"])
AROUND = st.sampled_from(["**", "__", "~~", "``", "“”", "«»", '""', "()", "【】", "''", "<>"])


@given(NOISE, st.lists(AROUND, max_size=3, unique=True), st.sampled_from(["", ",", ".", ";", "。"]))
def test_marks_within_marks_go_wherever_a_word_stands(noise: str, pairs: list[str], end: str) -> None:
    def marked(word: str) -> str:
        word = noise.join(word)
        for pair in pairs:
            word = pair[0] + word + pair[1]
        return word + end

    wanted = StartRequest(ROOM, "cn-north-4", RoomType.RTC)
    assert (
        start_typed_as(f"{marked(ROOM)} {marked('cn-north-4')} room_type={marked('rtc')}", REGIONS) == wanted
    )
    assert start_typed_as(marked(f"{ROOM} cn-north-4 room_type=RTC"), REGIONS) == wanted
    assert stop_typed_as(f"{marked('stop')} {marked(JOB)} {marked(ROOM)}") == StopWanted(JOB, ROOM)


def outcome(text: str) -> StartRequest | InvalidArguments:
    try:
        return start_typed_as(text, REGIONS)
    except InvalidArguments as error:
        return error


@given(TEXTS)
@example("\ud800" * 10_000)
@example("=" * 10_000)
@example("<a|" * 3_000)
@example(f"{ROOM} cn-north-4\n")
@example(f"{ROOM} region=cn-north-4/../x client_id=\x00")
def test_whatever_is_typed_nothing_unchecked_comes_through(text: str) -> None:
    match outcome(text):
        case InvalidArguments() as error:
            assert 0 < len(sentence(error.reason)) < 500
            assert 0 < len(advice(error)) < 500
        case StartRequest() as request:
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", request.room_id)
            assert request.region is None or request.region in REGIONS.allowed
            assert request.room_type is None or request.room_type in RoomType
            assert request.client_id is None or re.fullmatch(r"[!-~]{1,128}", request.client_id)


ROOMS = st.from_regex(re.compile(r"[A-Za-z0-9_-]{1,64}"), fullmatch=True)
JOBS = st.from_regex(re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,127}"), fullmatch=True)
CLIENTS = st.from_regex(re.compile(r"[!-~]{1,128}"), fullmatch=True)
ASKED = an_invocation(
    id="1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.UNKNOWN,
    user_id="U0MEI00001",
)


@given(
    st.builds(
        StartRequest,
        ROOMS,
        st.none() | st.sampled_from(REGIONS.allowed),
        st.none() | st.sampled_from(RoomType),
        st.none() | CLIENTS,
    )
)
@example(StartRequest("help"))
@example(StartRequest("_lobby_", client_id="_desk_"))
@example(StartRequest("-h", client_id="="))
@example(StartRequest(ROOM, client_id="a<b|c>&lt;d"))
def test_what_was_asked_for_once_can_be_asked_for_again(request: StartRequest) -> None:
    assert parse_again(ASKED.asking_for(request), REGIONS) == request


@given(TEXTS | st.text(alphabet="!\"#&'*,;<=>`|~a").map(lambda client: f"{ROOM} client_id={client}"))
@example(f"{ROOM} client_id=x&lt;a|b&gt;=")
def test_whatever_was_typed_once_can_be_asked_for_again(text: str) -> None:
    request = outcome(text)
    if isinstance(request, StartRequest):
        assert parse_again(ASKED.asking_for(request), REGIONS) == request


def test_what_is_asked_for_again_is_checked_by_the_regions_of_today() -> None:
    in_beijing, anywhere = StartRequest(ROOM, "cn-north-4"), StartRequest(ROOM)
    today = Regions(("cn-southwest-2",), default="cn-southwest-2")

    assert parse_again(ASKED.asking_for(anywhere), today).region == "cn-southwest-2"
    with pytest.raises(InvalidArguments, match="region_unknown word='cn-north-4'"):
        parse_again(ASKED.asking_for(in_beijing), today)


def test_what_an_invocation_asked_for_can_be_asked_for_again() -> None:
    request = StartRequest(ROOM, "cn-north-4", RoomType.METALINK, "desk-7")
    for wanted in (request, StartRequest(ROOM)):
        assert ASKED.asking_for(wanted).request == wanted


@given(ROOMS, JOBS)
def test_a_button_gives_back_the_job_that_it_was_given(room_id: str, job_id: str) -> None:
    job = JobRef(room_id, job_id)
    assert parse_job_value(job.value) == JobRef.of(room_id, job_id) == job


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ROOM,
        f"{ROOM} ",
        f" {JOB}",
        f"{ROOM}  {JOB}",
        f"{ROOM} a/b",
        f"{ROOM} ..",
        f"{ROOM} a b",
        "a/b c",
    ],
)
def test_a_button_that_names_no_job_is_refused(value: str) -> None:
    with pytest.raises(InvalidArguments):
        parse_job_value(value)


@pytest.mark.parametrize(
    ("room_id", "job_id"), [(None, JOB), (ROOM, None), ("", JOB), (ROOM, ""), (ROOM, "."), ("a b", JOB)]
)
def test_without_usable_ids_there_is_no_job(room_id: str | None, job_id: str | None) -> None:
    assert JobRef.of(room_id, job_id) is None


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("", "help", []),
        ("help", "help", []),
        ("HELP me", "help", ["me"]),
        ("?", "help", []),
        ("jobs", "jobs", []),
        (" `Jobs` ", "Jobs", []),
        (f"STOP `{JOB}`,", "STOP", [JOB]),
        ("lobby cn-north-4", "lobby", ["cn-north-4"]),
    ],
)
def test_the_first_word_is_told_from_the_rest(text: str, word: str, rest: list[str]) -> None:
    assert first_word(text) == (word, rest)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"stop {JOB}", StopWanted(JOB)),
        (f"STOP `{JOB}`,", StopWanted(JOB)),
        (f"stop\u00a0“{JOB}”", StopWanted(JOB)),
        (f"stop {JOB} {ROOM}", StopWanted(JOB, ROOM)),
        (f"stop {'j' * 128}", StopWanted("j" * 128)),
        ("stop a.b:c_d-e", StopWanted("a.b:c_d-e")),
    ],
)
def test_a_stop_is_understood(text: str, wanted: StopWanted) -> None:
    assert stop_typed_as(text) == wanted


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "stpo",
            "There is no subcommand `stpo`. Allowed: `help`, `jobs`, `stop`. Did you mean `stop`?",
        ),
        ("job", "Did you mean `jobs`?"),
        ("STPO", "Did you mean `stop`?"),
        ("lo`g", "There is no subcommand `lo'g`."),
    ],
)
def test_a_subcommand_that_there_is_not_is_named(word: str, said: str) -> None:
    unknown = unknown_subcommand(word, ("help", "jobs", "stop"))
    assert said in f"{sentence(unknown.reason)} {advice(unknown)}"


def test_after_a_word_that_stands_alone_comes_nothing() -> None:
    refuse_extra_words([], after="jobs")
    with pytest.raises(InvalidArguments) as refusing:
        refuse_extra_words(["please"], after="jobs")
    assert (
        f"{sentence(refusing.value.reason)} {advice(refusing.value)}"
        == "`please` is one word too many. `jobs` stands alone."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stop", "The job ID is missing. Type it, a room or a quick start: `/avatar stop job_id`."),
        (f"stop {JOB} {ROOM} now", "`now` is one word too many."),
        ("stop a/b", "`a/b` is not a job ID."),
        ("stop ..", "`..` is not a job ID."),
        (f"stop {'j' * 129}", "is not a job ID."),
        (f"stop {JOB} räume", "`räume` is not a room ID."),
        ("stop " * 1000, "The text is too long."),
    ],
)
def test_what_a_stop_cannot_use_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidArguments) as refusing:
        stop_typed_as(text)
    assert said in f"{sentence(refusing.value.reason)} {advice(refusing.value)}"


@given(TEXTS)
@example("..")
@example(f"{JOB} ../x")
def test_whatever_is_typed_no_unchecked_job_comes_through(text: str) -> None:
    try:
        wanted = parse_stop(first_word(f"stop {text}")[1])
    except InvalidArguments:
        return
    assert JobRef.of(wanted.room_id or ROOM, wanted.job_id)
