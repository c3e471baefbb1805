"""`Retry-After` in the forms that servers and proxies send."""

from math import inf

import pytest

from bot.runtime.retry_after import seconds_to_wait

DATE = "Thu, 01 Jan 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-5", 0),
        ("86400000", 86_400_000),
        ("1e999", inf),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("1, 1", None),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 12:00:30", 30),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30),
        ("Thu, 01 Jan 2026 11:59:00 GMT", 0),
        ("Sat, 01 Jan 2028 12:00:00 GMT", 730 * 86400),
        ("Thu, 99 Foo 2026 12:00:30 GMT", None),
        ("Thu, 01 Jan 99999999999999 12:00:30 GMT", None),
    ],
)
def test_a_number_or_a_date_becomes_seconds(wish: str, seconds: float | None) -> None:
    assert seconds_to_wait({"Retry-After": wish, "Date": DATE}) == seconds


def test_a_date_is_ignored_if_the_answer_has_no_date_of_its_own() -> None:
    assert seconds_to_wait({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}) is None
    assert seconds_to_wait({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT", "Date": "now"}) is None
    assert seconds_to_wait({}) is None
