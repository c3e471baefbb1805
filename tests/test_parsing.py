import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import InvalidArguments
from bot.model import RoomType, StartRequest
from bot.parsing import HelpWanted, Regions, did_you_mean, parse_start

REGIONS = Regions(("cn-north-4", "cn-southwest-2"))
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"


def refusal(text: str, regions: Regions = REGIONS) -> str:
    with pytest.raises(InvalidArguments) as refusing:
        parse_start(text, regions)
    return f"{refusing.value} {refusing.value.advice}"


def test_a_room_alone_is_enough() -> None:
    assert parse_start(ROOM, REGIONS) == StartRequest(ROOM)


def test_the_region_comes_second() -> None:
    assert parse_start(f"{ROOM} cn-southwest-2", REGIONS) == StartRequest(ROOM, region="cn-southwest-2")


def test_the_default_region_is_taken_where_none_is_named() -> None:
    regions = Regions(REGIONS.allowed, default="cn-southwest-2")
    assert parse_start(ROOM, regions) == StartRequest(ROOM, region="cn-southwest-2")
    assert parse_start(f"{ROOM} cn-north-4", regions) == StartRequest(ROOM, region="cn-north-4")


def test_everything_can_be_given_at_once() -> None:
    assert parse_start(f"{ROOM} cn-north-4 room_type=METALINK client_id=desk-7", REGIONS) == StartRequest(
        ROOM, region="cn-north-4", room_type=RoomType.METALINK, client_id="desk-7"
    )


def test_everything_can_be_named_in_any_order() -> None:
    text = f"client_id=desk-7 region=cn-north-4 ROOM_TYPE=rtc room_id={ROOM}"
    assert parse_start(text, REGIONS) == StartRequest(
        ROOM, region="cn-north-4", room_type=RoomType.RTC, client_id="desk-7"
    )


@pytest.mark.parametrize("word", ["rtc", "Rtc", "RTC", "metalink", "MetaLink", "METALINK"])
def test_a_room_type_may_be_written_in_any_case(word: str) -> None:
    request = parse_start(f"{ROOM} room_type={word}", REGIONS)
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
    ],
)
def test_help_is_understood_in_all_its_forms(text: str) -> None:
    assert parse_start(text, REGIONS) == HelpWanted()


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t", "\u00a0\u3000", "\u200b\ufeff", "``", '""', "<>", "&lt;&gt;"]
)
def test_nothing_at_all_gets_help_too(text: str) -> None:
    assert parse_start(text, REGIONS) == HelpWanted()


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
    ],
)
def test_what_keyboards_and_slack_do_to_a_text_is_undone(text: str) -> None:
    assert parse_start(text, REGIONS) == StartRequest("room-1", region="cn-north-4")


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
    assert parse_start(f"{ROOM} client_id={typed}", REGIONS) == StartRequest(ROOM, client_id=client_id)


@pytest.mark.parametrize("room", ["a", "x" * 64, "_-_", "0"])
def test_room_ids_at_the_edge_are_taken(room: str) -> None:
    assert parse_start(room, REGIONS) == StartRequest(room)


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
    assert refusal("region=cn-north-4") == "The room ID is missing. It comes first: `room_id region`."


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
    assert refusal(f"{ROOM} mars").endswith("Allowed: `cn-north-4`, `cn-southwest-2`.")


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
    assert parse_start(ROOM + " " * 3000 + "cn-north-4", REGIONS) == StartRequest(ROOM, region="cn-north-4")


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


def outcome(text: str) -> StartRequest | HelpWanted | InvalidArguments:
    try:
        return parse_start(text, REGIONS)
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
            assert 0 < len(str(error)) < 500
            assert 0 < len(error.advice) < 500
        case HelpWanted():
            pass
        case StartRequest() as request:
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", request.room_id)
            assert request.region is None or request.region in REGIONS.allowed
            assert request.room_type is None or request.room_type in RoomType
            assert request.client_id is None or re.fullmatch(r"[!-~]{1,128}", request.client_id)
