import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.mrkdwn import code, escape, fit_lines, mention, moment, pieces

MEAN = st.text() | st.text(alphabet="<>&`;!@#|lgtamp \n\ud800")
BARE = re.compile(r"&(?!amp;|lt;|gt;)|[<>]")


@given(MEAN, st.integers(0, 60))
def test_escaped_text_keeps_to_its_limit_and_is_never_markup_nor_half_an_entity(
    text: str, limit: int
) -> None:
    escaped = escape(text, limit)
    assert len(escaped) <= limit
    assert not BARE.search(escaped)


@given(MEAN)
def test_with_room_enough_escaping_loses_nothing(text: str) -> None:
    escaped = escape(text, 5 * len(text))
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@given(MEAN, st.integers(2, 60))
def test_code_never_leaves_its_ticks_nor_its_line(text: str, limit: int) -> None:
    ticked = code(text, limit)
    assert len(ticked) <= limit
    assert not BARE.search(ticked)
    if text.split():
        assert ticked[0] == ticked[-1] == "`"
        assert ticked.count("`") == 2
        assert ticked.splitlines() == [ticked]
    else:
        assert ticked == ""


@pytest.mark.parametrize(
    ("text", "limit", "escaped"),
    [
        ("<!channel>", 50, "&lt;!channel&gt;"),
        ("R&D", 50, "R&amp;D"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("ab<cd", 6, "ab…"),
        ("", 0, ""),
        ("a", 0, ""),
    ],
)
def test_a_cut_falls_between_characters(text: str, limit: int, escaped: str) -> None:
    assert escape(text, limit) == escaped


def test_a_tick_inside_code_becomes_an_apostrophe() -> None:
    assert code("it`s\na <room>") == "`it's a &lt;room&gt;`"


@given(MEAN, st.integers(5, 60))
def test_pieces_put_together_are_the_whole_text(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert all(len(piece) <= limit and not BARE.search(piece) for piece in found)
    assert "".join(found) == escape(text, 5 * len(text))


def test_a_moment_is_shown_in_the_readers_own_zone_or_else_in_utc() -> None:
    assert moment(datetime(2026, 1, 1, 12, tzinfo=UTC)) == (
        "<!date^1767268800^{date_short_pretty} {time}|2026-01-01 12:00 UTC>"
    )


@pytest.mark.parametrize("user_id", ["channel>", "!here", "U1|x", "Ü1", "", "U0 MEI"])
def test_what_is_no_user_id_is_no_mention(user_id: str) -> None:
    assert not mention(user_id).startswith("<")


def test_a_user_id_is_a_mention() -> None:
    assert mention("U0MEI00001") == "<@U0MEI00001>"


@given(
    st.lists(st.text(alphabet="ab", min_size=1, max_size=20), max_size=20),
    st.integers(0, 200),
    st.integers(0, 12),
)
def test_lines_that_do_not_fit_are_counted(lines: list[str], limit: int, most: int) -> None:
    text = fit_lines(lines, limit=limit, most=most)
    assert len(text) <= limit
    shown = text.splitlines()
    if shown and (more := re.fullmatch(r"and (\d+) more", shown[-1])):
        assert shown[:-1] == lines[: len(shown) - 1]
        assert len(shown) - 1 + int(more.group(1)) == len(lines)
    elif shown:
        assert shown == lines
