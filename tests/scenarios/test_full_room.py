"""A room takes no more jobs: its person stops one that holds it, and gets their own."""

from bot.domain.invocation import Action, JobState, Status
from tests.fakes import flat
from tests.stage import JONAS, MEI, Stage, buttons, until


async def test_one_click_stops_a_job_from_outside_slack_and_the_next_one_somebody_elses(stage: Stage) -> None:
    await stage.types("full")
    told = stage.said(MEI)[-1]
    assert told.visible_to == MEI
    assert "started outside Slack" in told.text
    assert buttons(told) == ["Stop", "Stop and start mine", "Start again"]
    await stage.clicks("Stop and start mine", told)

    outside, meis = stage.metastudio.jobs
    assert (outside.state, meis.app_user_id) == ("SUCCEED", MEI)
    announcement = stage.announced()[-1]
    assert f"Job `{meis.job_id}`" in announcement.text

    await stage.types("full client_id=jonas", user=JONAS)
    told = stage.said(JONAS)[-1]
    assert f"Job `{meis.job_id}` · started by <@{MEI}>" in told.text
    assert "|Open it>" in told.text
    await stage.clicks("Stop and start mine", told, user=JONAS)
    await until(lambda: f"was stopped by <@{JONAS}>" in announcement.text)

    assert stage.metastudio.jobs[-1].app_user_id == JONAS
    rows = await stage.log()
    stop = next(row for row in rows if row.action is Action.STOP and row.origin.user_id == JONAS)
    start = rows[-1] if rows[-1].action is Action.START else rows[-2]
    assert (stop.status, flat(stop).job_state) == (Status.DONE, JobState.STOPPED)
    assert (start.status, start.after_job_id, flat(start).client_id) == (
        Status.STARTED,
        meis.job_id,
        "jonas",
    )
    assert all(row.lease_until is None for row in rows)


async def test_while_metastudio_lists_nothing_the_message_comes_with_the_bots_own_jobs(stage: Stage) -> None:
    await stage.types("full")
    await stage.clicks("Stop and start mine", stage.said(MEI)[-1])
    stage.metastudio.trouble.throttle("jobs")
    await stage.types("full client_id=jonas", user=JONAS)

    told = stage.said(JONAS)[-1]
    assert f"started by <@{MEI}>" in told.text
    assert "MetaStudio did not list the room's jobs in time, so there may be others." in told.text
    assert "Stop and start mine" in buttons(told)


async def test_the_id_of_a_job_is_no_rooms_and_leads_to_the_job(stage: Stage) -> None:
    await stage.starts("lobby", user=JONAS)
    [job] = stage.metastudio.jobs
    await stage.types(job.job_id)

    told = stage.said(MEI)[-1]
    assert "This is the ID of a job." in told.text
    assert buttons(told) == ["Details", "Stop"]
    await stage.clicks("Stop", told)
    assert stage.metastudio.jobs[0].state == "SUCCEED"
