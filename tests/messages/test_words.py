import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.invocation import JobState
from bot.domain.job_state import JobLife
from bot.errors import Answer
from bot.messages.words import duration, headline, state


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (40, "40 s"),
        (60, "1 min"),
        (125.4, "2 min 5 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (3780, "1 h 3 min"),
        (11 * 3600 - 1, "10 h 59 min"),
        (-1, "0 s"),
        (float("nan"), "0 s"),
        (float("inf"), "0 s"),
        (1e15, "0 s"),
    ],
)
def test_a_span_of_time_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@given(st.floats() | st.integers())
def test_any_number_at_all_is_told_as_some_span_of_time(seconds: float) -> None:
    assert 3 <= len(duration(seconds)) <= 20


ERROR = Answer(error_code="MSS.20019999", error_msg="GPU  <node>\nlost.")


@pytest.mark.parametrize(
    ("life", "told"),
    [
        (JobLife(JobState.ACCEPTED), "is starting"),
        (JobLife(JobState.RUNNING, 12), "is running"),
        (JobLife(JobState.ENDED, 125), "ended normally after 2 min 5 s"),
        (JobLife(JobState.ENDED), "ended normally"),
        (JobLife(JobState.SILENT, 60), "ended after 1 min: nobody spoke"),
        (JobLife(JobState.SILENT), "ended: nobody spoke"),
        (JobLife(JobState.UNJOINED, 0, ERROR), "ended: nobody joined it"),
        (JobLife(JobState.STOPPED, 40, stopped_by="U0TOM00001"), "was stopped by <@U0TOM00001> after 40 s"),
        (JobLife(JobState.STOPPED), "was stopped"),
        (
            JobLife(JobState.FAILED, 63, ERROR),
            "failed after 1 min 3 s: MetaStudio says “GPU &lt;node&gt; lost”",
        ),
        (
            JobLife(JobState.FAILED, error=Answer(error_msg="No channel")),
            "failed: MetaStudio says “No channel”",
        ),
        (JobLife(JobState.FAILED, error=Answer(error_code="MSS.2")), "failed: `MSS.2`"),
        (JobLife(JobState.FAILED, 63, Answer()), "failed after 1 min 3 s"),
        (JobLife(JobState.FAILED), "failed"),
        (JobLife(JobState.GONE), "ended: MetaStudio does not say how"),
    ],
)
def test_where_a_job_stands_is_told_as_far_as_it_is_known(life: JobLife, told: str) -> None:
    assert state(life) == told


@pytest.mark.parametrize("job_state", JobState)
def test_a_state_is_a_sign_with_words(job_state: JobState) -> None:
    sign, _, told = headline("*Lobby kiosk*", JobLife(job_state)).partition("  ")
    assert sign in {"⏳", "🟢", "⚪", "🔴", "⛔"}
    assert told == f"*Lobby kiosk* {state(JobLife(job_state))}"
