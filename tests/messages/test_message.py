import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.message import button, characters, confirmation, section, with_buttons
from bot.sandbox.slack import block_problems
from bot.sandbox.slack.limits import characters as counted_by_slack


def test_a_value_is_never_cut_for_it_would_name_something_else() -> None:
    with pytest.raises(ValueError, match="2001 characters"):
        button("Stop", action_id="stop_job", value="x" * 2001)


@given(st.text(min_size=1, max_size=400), st.text(min_size=1, max_size=2000))
def test_what_people_read_on_buttons_and_in_questions_keeps_to_slacks_limits(words: str, value: str) -> None:
    question = confirmation(words, words, yes=words, no=words, style="danger")
    pressed = button(words, action_id="stop_job", value=value, style="danger", confirm=question)
    assert block_problems([section("Stop?", pressed)]) == []


def test_all_the_text_of_a_block_counts() -> None:
    question = confirmation("Sure?", "Really?", yes="Yes", no="No")
    pressed = button("Go", action_id="go", value="somewhere", confirm=question)
    message = with_buttons("One", "Two", buttons=[pressed], small_print="Three")
    assert characters(list(message.blocks)) == len("OneTwoThreeGoSure?Really?YesNo")
    assert characters(list(message.blocks)) == counted_by_slack(list(message.blocks))
    assert message.text == "One\nTwo\nThree"
