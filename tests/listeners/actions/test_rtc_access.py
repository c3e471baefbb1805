"""*RTC access*: who may see it."""

import pytest

from bot.domain.invocation import Action, Status
from bot.domain.policy import Policy
from tests.fakes import flat
from tests.listeners.desk import JONAS, Desk


async def test_rtc_access_is_shown_to_who_started_the_job(running: Desk) -> None:
    ack = await running.clicks("rtc_access", "lobby job-1")

    assert ack == {}
    [opened] = running.slack.opened
    row = await running.row()
    assert opened["trigger_id"] == row.origin.trigger_id
    assert (row.action, row.status, flat(row).room_id, flat(row).job_id) == (
        Action.RTC_ACCESS,
        Status.DONE,
        "lobby",
        "job-1",
    )


@pytest.mark.parametrize("value", ["lobby job-1", "lobby job-9"], ids=["Mei's", "of nobody knows whom"])
async def test_rtc_access_is_refused_to_anybody_else(running: Desk, value: str) -> None:
    await running.clicks("rtc_access", value, user={"id": JONAS})

    assert "Only who started the job may see its RTC access." in running.told()
    assert running.slack.opened == []
    assert (await running.row()).status is Status.REFUSED
    running.policy = Policy(admins=[JONAS])
    await running.clicks("rtc_access", value, user={"id": JONAS})
    assert len(running.slack.opened) == 1


async def test_rtc_access_that_is_switched_off_is_refused_also_on_old_messages(running: Desk) -> None:
    running.offers_rtc = False
    await running.clicks("rtc_access", "lobby job-1")

    assert "RTC access is switched off." in running.told()
    assert running.slack.opened == []
