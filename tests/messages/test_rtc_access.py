import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.arguments import JobRef
from bot.domain.invocation import JobState
from bot.domain.job import RtcRoomInfo
from bot.domain.job_state import JobLife
from bot.messages.rtc_access import access, no_access, opening, refused_access
from bot.messages.views import plain_view
from bot.sandbox.slack.view_limits import view_problems

AssertGoldenView = Callable[[str, dict[str, Any]], None]
WrongWithView = Callable[[dict[str, Any]], list[str]]

REF = JobRef("24bad716-87b1-45e5-8912-6102f7693265", "26f06524-4f75-4b3a-a853-b649a21aaf66")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
IN_THREE_HOURS = int(NOW.timestamp()) + 3 * 3600


def room(*users: Any, **more: Any) -> RtcRoomInfo:
    return RtcRoomInfo.model_validate(
        {"app_id": "62b1d3f7c3b4a1000c7d52a3", "room_id": "24bad71687b145e5", "users": users} | more
    )


def user(**changes: Any) -> dict[str, Any]:
    return {
        "user_type": "END_USER",
        "user_id": "e-1",
        "signature": "eyJhbGciOi.2",
        "ctime": IN_THREE_HOURS,
    } | changes


def texts(view: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in view["blocks"] if "text" in block]


def test_the_modal_opens_before_metastudio_has_answered(assert_golden_view: AssertGoldenView) -> None:
    assert_golden_view("rtc_access_opening", opening(REF))


def test_each_user_of_the_rtc_room_is_shown_with_what_lets_them_in(
    assert_golden_view: AssertGoldenView,
) -> None:
    both = room(user(), user(user_type="INFERENCE_USER", user_id="i-1", signature="eyJhbGciOi.1"))
    assert_golden_view("rtc_access", access(REF, both, NOW))


def test_a_job_without_an_rtc_room_has_no_access(assert_golden_view: AssertGoldenView) -> None:
    assert_golden_view("rtc_access_none", access(REF, RtcRoomInfo(), NOW))
    assert access(REF, room(None), NOW) == access(REF, RtcRoomInfo(), NOW)


def test_why_it_is_not_shown_is_told_in_the_same_place(assert_golden_view: AssertGoldenView) -> None:
    text = "You may not see the RTC access of <this> room. Ask whoever runs the bot to change its policy."
    assert_golden_view("rtc_access_refused", refused_access(text))


def test_what_metastudio_left_out_is_left_out() -> None:
    bare = access(REF, room({"user_type": "PLAYER"}, app_id=None, room_id=None), NOW)
    assert texts(bare)[1] == "*Viewer*\nNo signature"
    assert not any("fields" in block for block in bare["blocks"])
    assert "None" not in str(bare)


def test_a_signature_that_is_over_is_called_so() -> None:
    [_, shown] = texts(access(REF, room(user(ctime=1767268740)), NOW))
    assert "Expired: <!date^1767268740^" in shown


def test_a_moment_beyond_all_calendars_is_left_out() -> None:
    for ctime in (0, -5, 10**15):
        [_, shown] = texts(access(REF, room(user(ctime=ctime)), NOW))
        assert shown == "*Device user* · user ID `e-1`\n```eyJhbGciOi.2```"


def test_a_long_signature_comes_whole_in_parts(wrong_with_view: WrongWithView) -> None:
    signature = "".join(f"{number:05}" for number in range(1200))
    view = access(REF, room(user(signature=signature)), NOW)
    assert wrong_with_view(view) == []
    assert "The signature comes in 3 parts, to be joined without a blank." in texts(view)[1]
    assert "".join(re.findall(r"```(.*?)```", "".join(texts(view)))) == signature


def test_users_that_are_too_many_are_counted(wrong_with_view: WrongWithView) -> None:
    many = room(*(user(user_id=f"e-{number}", signature="s" * 2500) for number in range(200)))
    view = access(REF, many, NOW)
    assert wrong_with_view(view) == []
    assert texts(view)[-1] == "and 120 more"


def test_no_user_is_shown_with_half_a_signature(wrong_with_view: WrongWithView) -> None:
    view = access(REF, room(user(user_id="short"), user(user_id="endless", signature="s" * 10**6)), NOW)
    assert wrong_with_view(view) == []
    assert texts(view)[-1] == "and 1 more"
    assert "endless" not in str(view)


ANYTHING = (
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=200)
    | st.text(alphabet="<>&`!@ \n\ud800", max_size=3000)
    | st.sampled_from(["<!channel>", "```<!here>", "x" * 9000, "&" * 4000])
)
USERS = st.lists(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["user_type", "user_id", "signature", "ctime"], ANYTHING)
    ),
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(users=USERS, app_id=ANYTHING, room_id=ANYTHING, text=ANYTHING.map(str).filter(bool))
def test_whatever_comes_slack_takes_the_modal_and_nobody_is_pinged(
    *, wrong_with_view: WrongWithView, users: Any, app_id: Any, room_id: Any, text: str
) -> None:
    strange = RtcRoomInfo.model_validate({"users": users, "app_id": app_id, "room_id": room_id})
    for view in (access(REF, strange, NOW), refused_access(text)):
        assert wrong_with_view(view) == []
        assert "<!" not in json.dumps(view).replace("<!date^", "")


def test_a_plain_view_says_the_same_in_paragraphs_that_slack_takes() -> None:
    users = [user(user_id=f"e-{number}", signature="s" * 6000) for number in range(60)]
    view = plain_view(access(REF, room(*users), NOW))

    assert view_problems(view, "modal") == []
    assert "s" * 2000 in str(view)
    assert {block["type"] for block in view["blocks"]} == {"section"}
    assert all(set(block) == {"type", "text"} for block in view["blocks"])


def test_a_job_that_is_over_has_no_access_to_show() -> None:
    view = no_access(JobRef("lobby", "job-1"), JobLife(JobState.ENDED, 5))

    assert view_problems(view, "modal") == []
    assert "⚪  Room `lobby` ended normally after 5 s\\nNobody can join it any more. Job `job-1`" in str(view)
