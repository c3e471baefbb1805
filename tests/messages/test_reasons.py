"""Every reason in words."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotSent, OutcomeUnknown, Rejected
from bot.messages.reasons import WORDINGS, advice, on_one_line, sentence
from bot.reasons import MAX_TEXT, Reason, reason
from bot.reasons import ReasonCode as Code
from tests.messages.every_reason import REASONS


def test_every_reason_has_its_words_and_an_example() -> None:
    assert WORDINGS.keys() == set(Code)
    assert {why.code for why in REASONS} == set(Code)


@pytest.mark.parametrize("why", REASONS, ids=str)
def test_a_reason_is_whole_sentences_without_a_gap(why: Reason) -> None:
    told = sentence(why)
    assert told[0] in string.ascii_uppercase + "`"
    assert told.rstrip().endswith(".")
    for words in (told, advice(Rejected(why))):
        assert "?" not in words.replace("Did you mean", "").replace("`?", "")[:-1]
        assert not re.search(r"\{(?!full)", words)


@pytest.mark.parametrize("code", Code)
def test_a_reason_without_its_arguments_is_said_all_the_same(code: Code) -> None:
    for error in (Rejected(reason(code)), OutcomeUnknown(reason(code))):
        assert on_one_line(error)


@given(
    st.dictionaries(st.text(max_size=20), st.text(max_size=5000) | st.booleans() | st.floats(), max_size=4)
)
def test_what_is_stored_of_a_reason_is_bounded(args: dict[str, str | bool]) -> None:
    stored = Reason(Code.OTHER, args)
    assert all(len(value) <= MAX_TEXT for value in stored.args.values() if isinstance(value, str))


def test_a_cause_is_told_with_what_it_led_to_and_its_advice_holds() -> None:
    [proxied] = [why for why in REASONS if why.args.get("setting") == "HTTPS_PROXY"]
    assert on_one_line(NotSent(proxied)) == (
        "IAM gave the bot no token, so nothing was sent to MetaStudio. "
        "IAM cannot be reached at iam: the proxy refused the connection. "
        "Try again; if it stays so, check HTTPS_PROXY."
    )


@pytest.mark.parametrize(("minutes", "words"), [(20, "20 minutes ahead of"), (-16, "16 minutes behind")])
def test_a_clock_that_is_wrong_is_said_to_be_so(minutes: int, words: str) -> None:
    assert words in advice(Rejected(reason(Code.SIGNATURE_REFUSED, clock_minutes=minutes)))
