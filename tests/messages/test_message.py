import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.message import SHORT_LIMIT, Message, button, characters, composed, confirmation, section
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
    message = composed("One", "Two", buttons=[pressed], small_print="Three")
    assert characters(list(message.blocks)) == len("OneTwoThreeGoSure?Really?YesNo")
    assert characters(list(message.blocks)) == counted_by_slack(list(message.blocks))
    assert message.text == "One\nTwo\nThree"


def test_a_message_that_is_refused_is_left_without_blocks_first_and_then_cut_short() -> None:
    lines = [f"Line {number} {'x' * 90}" for number in range(30)]
    message = Message("\n".join([*lines, "Job ID: `job-1`"]), (section("Job"),))

    plain_one = message.simpler(keep="job-1")
    assert plain_one == Message(message.text)
    short = plain_one.simpler(keep="job-1")
    assert short is not None
    assert len(short.text) < SHORT_LIMIT + 50
    assert short.text.splitlines()[0] == lines[0]
    assert short.text.splitlines()[-2:] == ["Job ID: `job-1`", "…"]
    assert short.simpler(keep="job-1") is None


@pytest.mark.parametrize("job_id", ["job-1", "j" * 6000])
def test_a_job_id_is_never_cut(job_id: str) -> None:
    message = Message(f"{'x' * 5000}\nJob ID: `{job_id}`\n{'y' * 5000}")
    short = message.simpler(keep=job_id)

    assert short is not None
    assert short.text == f"Job ID: `{job_id}`\n…"


def test_a_single_line_is_cut_within_itself() -> None:
    short = Message("x" * 5000).simpler()

    assert short is not None
    assert short.text == "x" * SHORT_LIMIT + "…"
    assert Message("Short.").simpler() is None
