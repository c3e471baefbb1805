import re

from bot.domain.arguments import ButtonValue, JobRef, StartAnyway, parse_job_value
from bot.domain.invocation import JobInvocation
from bot.messages.buttons import (
    LOOK_AGAIN,
    RTC_ACCESS,
    START_AFTER_ALL,
    START_ANOTHER,
    STOP_JOB,
    USE_JOB,
    look_again_button,
    rtc_button,
    start_another_button,
    start_anyway_button,
    start_now_button,
    stop_button,
    use_job_button,
)
from bot.messages.message import actions
from bot.sandbox.slack import block_problems

ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
JOB = "26f06524-4f75-4b3a-a853-b649a21aaf66"


def test_a_buttons_value_says_all_that_its_press_needs() -> None:
    for pressed in (stop_button(ROOM, JOB), rtc_button(ROOM, JOB)):
        assert parse_job_value(pressed["value"]) == JobRef(ROOM, JOB)


def test_a_button_about_what_became_of_a_start_names_its_row(invocation: JobInvocation) -> None:
    for pressed in (
        start_another_button(invocation),
        look_again_button(invocation.id),
        start_anyway_button(invocation),
        start_now_button(invocation),
    ):
        assert pressed["value"] == invocation.id


def test_start_anyway_knows_which_jobs_were_named_beside_it(invocation: JobInvocation) -> None:
    jobs = [f"job {number}" for number in range(150)]
    pressed = start_anyway_button(invocation, jobs)
    button = StartAnyway.parse(pressed["value"])
    assert button.invocation_id == invocation.id
    assert button.knows(jobs)
    assert not button.knows(["another"])
    assert block_problems([actions([pressed])]) == []


def test_a_button_that_takes_a_job_names_its_start_and_the_job_or_is_none() -> None:
    pressed = use_job_button("i1", "a job", 2)
    assert pressed is not None
    assert ButtonValue.parse(pressed["value"]) == ButtonValue("i1", "a job")
    assert use_job_button("i1", "j" * 2000, 1) is None
    assert use_job_button("i1", "<!here>", 1) is None


def test_several_buttons_that_stop_stand_in_one_message() -> None:
    row = [stop_button(ROOM, JOB), *(stop_button(ROOM, JOB, number) for number in range(1, 25))]
    assert block_problems([actions(row)]) == []
    assert all(re.match(f"^{STOP_JOB}", pressed["action_id"]) for pressed in row)


def test_no_listener_hears_anothers_button() -> None:
    kinds = {STOP_JOB, RTC_ACCESS, START_ANOTHER, START_AFTER_ALL, LOOK_AGAIN, USE_JOB}
    assert [kind for kind in kinds if re.match(f"^{STOP_JOB}", kind)] == [STOP_JOB]
    assert len(kinds) == 6


def test_who_stops_a_job_is_asked_whether_they_mean_it() -> None:
    asked = stop_button(ROOM, JOB)["confirm"]
    assert asked["title"]["text"] == "Stop this job?"
    assert asked["text"]["text"] == (
        f"Job {JOB} in room {ROOM} ends at once. Whoever talks to the avatar is cut off."
    )
    assert (asked["confirm"]["text"], asked["deny"]["text"]) == ("Stop it", "Keep it")
    assert asked["style"] == "danger"


def test_the_longest_ids_leave_the_question_whole() -> None:
    pressed = stop_button("r" * 64, "j" * 128)
    assert pressed["confirm"]["text"]["text"].endswith("is cut off.")
    assert block_problems([actions([pressed])]) == []


def test_a_start_that_may_be_a_second_one_asks_what_it_costs(invocation: JobInvocation) -> None:
    for pressed in (start_another_button(invocation), start_anyway_button(invocation)):
        asked = pressed["confirm"]
        assert "holds a paid channel" in asked["text"]["text"]
        assert asked["confirm"]["text"] == pressed["text"]["text"]


def test_a_start_that_is_the_first_one_asks_nothing(invocation: JobInvocation) -> None:
    assert "confirm" not in start_now_button(invocation)


def test_foreign_words_are_no_markup_in_a_question() -> None:
    asked = str(stop_button("<!here>", "<!channel>" * 50)["confirm"])
    assert "<" not in asked
