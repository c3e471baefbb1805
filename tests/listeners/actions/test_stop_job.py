"""*Stop*: the row of a click, who may stop, and the answer."""

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from bot.errors import Answer
from tests.fakes import flat
from tests.listeners.desk import JONAS, Desk


async def test_a_job_is_stopped_by_a_click(running: Desk) -> None:
    ack = await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})

    assert ack == {}
    assert running.cloud.stopped == ["job-1"]
    assert running.told() == "⛔  Room `lobby` is being stopped: it ends in a few seconds.\nJob `job-1`"
    row = await running.row()
    assert (row.action, row.source, row.status) == (Action.STOP, Source.BUTTON, Status.DONE)
    assert (row.origin.user_id, flat(row).room_id, flat(row).job_id, row.text) == (
        JONAS,
        "lobby",
        "job-1",
        "lobby job-1",
    )


async def test_a_job_that_the_log_does_not_know_is_stopped_as_well(desk: Desk) -> None:
    desk.cloud.on_list = [JobReport(job_id="job-9")]
    await desk.clicks("stop_job", "lobby job-9")

    assert desk.cloud.stopped == ["job-9"]


async def test_whoever_may_not_stop_is_refused_and_who_started_it_is_not(running: Desk) -> None:
    running.policy = Policy.parse("[stop]\nusers = []")
    await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})

    assert "You may not stop avatars with this bot." in running.told()
    assert "Nothing was stopped." in running.told()
    assert (await running.row()).status is Status.REFUSED
    assert running.cloud.stopped == []
    await running.clicks("stop_job", "lobby job-1")
    assert running.cloud.stopped == ["job-1"]


async def test_who_waits_for_a_stop_is_told_that_it_is_under_way(running: Desk) -> None:
    running.late_seconds = 0

    async def after_the_remark() -> Answer:
        await running.channel.has_told.wait()
        return Answer(http_status=200)

    running.cloud.on_stop = after_the_remark
    await running.clicks("stop_job", "lobby job-1")

    assert [message.text for message in running.channel.told] == [
        "⏳  Stopping room `lobby` …\nJob `job-1`",
        "⛔  Room `lobby` is being stopped: it ends in a few seconds.\nJob `job-1`",
    ]


async def test_an_error_of_the_bots_own_is_told_to_whoever_clicked(desk: Desk) -> None:
    desk.log.broken = True
    assert await desk.clicks("stop_job", "lobby job-9") == {}

    assert "Something went wrong inside the bot" in desk.told()


async def test_who_may_not_use_a_button_is_refused_also_where_the_job_is_over(running: Desk) -> None:
    running.policy = Policy.parse("[stop]\nusers = []")
    await running.ends("job-1", JobState.ENDED)
    await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})

    assert "You may not stop avatars with this bot." in running.told()
