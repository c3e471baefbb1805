"""A person types `/avatar-start`, with each transport and each database."""

from bot.domain.invocation import Action, JobState, Status
from tests.fakes import flat
from tests.stage import AVATARS, JONAS, MEI, ROOM, Stage, buttons


async def test_a_start_is_acknowledged_announced_and_logged(stage: Stage) -> None:
    result = await stage.types(f"{ROOM} cn-north-4")

    assert result.error is None
    assert not result.ack

    [job] = stage.metastudio.jobs
    [announcement] = stage.news()
    assert announcement.visible_to is None
    assert announcement.origin == "chat.postMessage"
    for fact in (job.job_id, ROOM, "CN North-Beijing4", f"<@{MEI}>", "is starting"):
        assert fact in announcement.text
    assert stage.said() == [announcement]
    assert buttons(announcement) == ["Stop", "Details", "RTC access"]

    [row] = await stage.log()
    assert row.status is Status.STARTED
    assert (flat(row).room_id, flat(row).region, flat(row).job_id) == (ROOM, "cn-north-4", job.job_id)
    assert (row.origin.user_id, row.origin.channel_id, row.text) == (MEI, AVATARS, f"{ROOM} cn-north-4")
    assert row.answer.http_status == 202
    assert row.answer.request_id == stage.metastudio.calls[-1].request_id
    assert (row.told.channel, row.told.ts) == (AVATARS, announcement.ts)
    assert flat(row).job_state is JobState.ACCEPTED
    assert row.told.announced_at is not None
    assert row.lease_until is None
    assert row.origin.response_url is None


async def test_what_is_asked_reaches_metastudio_with_the_name_of_the_person(stage: Stage) -> None:
    await stage.types(f"{ROOM} room_type=metalink client_id=kiosk-7", user=JONAS)

    [job] = stage.metastudio.jobs
    assert (job.room_id, job.room_type, job.client_id, job.app_user_id) == (
        ROOM,
        "METALINK",
        "kiosk-7",
        JONAS,
    )


async def test_help_answers_with_usage_and_is_logged(stage: Stage) -> None:
    result = await stage.types("help")
    assert result.ack is not None
    assert "/avatar-start room_id [region]" in result.ack["text"]

    assert [(row.action, row.status) for row in await stage.log()] == [(Action.HELP, Status.DONE)]
    assert not any(call.method == "POST" for call in stage.metastudio.calls)


async def test_a_mistake_is_explained_to_the_person_and_starts_nothing(stage: Stage) -> None:
    result = await stage.types(f"{ROOM} cn-nroth-4")

    assert result.ack is not None
    assert "`cn-nroth-4` is not a region" in result.ack["text"]
    assert "Did you mean `cn-north-4`?" in result.ack["text"]
    assert [message.visible_to for message in stage.said()] == [MEI]
    [row] = await stage.log()
    assert row.status is Status.INVALID
    assert not stage.metastudio.jobs


async def test_a_busy_room_is_told_to_the_person_with_code_request_id_and_advice(stage: Stage) -> None:
    await stage.types("busy")

    [told] = stage.news()
    [row] = await stage.log()
    assert told.visible_to == MEI
    assert "`MSS.20010135`" in told.text
    assert f"`{row.answer.request_id}`" in told.text
    assert "raise its concurrency" in told.text
    assert row.status is Status.FAILED
    assert row.answer.error_code == "MSS.20010135"
    assert row.told.announced_at is not None


async def test_a_start_whose_answer_is_lost_is_found_again_and_never_sent_twice(stage: Stage) -> None:
    await stage.types("lost")

    [row] = await stage.log()
    [job] = stage.metastudio.jobs
    [announcement] = stage.news()
    assert (row.status, flat(row).job_id) == (Status.STARTED, job.job_id)
    assert announcement.visible_to is None
    assert job.job_id in announcement.text
    assert "The call was cut off; the job had started." in announcement.text
    assert stage.asked("start") == 1


async def test_a_throttled_start_is_tried_again_until_it_works(stage: Stage) -> None:
    await stage.types("throttled")

    [row] = await stage.log()
    assert row.status is Status.STARTED
    assert [call.status for call in stage.metastudio.calls if call.method == "POST"] == [429, 429, 202]


async def test_the_text_of_a_person_cannot_ping_the_channel(stage: Stage) -> None:
    await stage.types("<!channel> @channel")

    assert all(not message.mentions for message in stage.said())


async def test_a_start_that_fails_at_once_is_one_message(stage: Stage) -> None:
    for _ in range(20):
        await stage.types("busy")

    origins = [message.origin for message in stage.said()]
    assert origins == ["response_url"] * 20
