"""The modal *Details*: all that is known of a job besides the three lines of its announcement."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.invocation import Invocation, JobInvocation, JobState
from bot.domain.job import RtcRoomInfo, SmartChatJob
from bot.domain.job_state import JobLife
from bot.messages import voice_and_video, words
from bot.messages.announcement import job_code, long_id
from bot.messages.message import FIELDS_LIMIT, SECTION_LIMIT, Block, context, fields, section
from bot.messages.mrkdwn import code, fit_lines, mention, moment
from bot.messages.views import modal

MOST_VOICES = 25

_TYPED_LIMIT = 200

ASKING = "Asking MetaStudio …"
NOT_TOLD = "MetaStudio does not tell at the moment."

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class History:
    """The rows about a job besides its start: its stop, and the starts before and after it."""

    stop: Invocation | None = None
    before: Invocation | None = None
    after: Invocation | None = None


def details(
    start: JobInvocation, history: History | None = None, *, rtc: RtcRoomInfo | str | None = None
) -> dict[str, Any]:
    """Return the modal with everything that is known of the job of a start.

    Args:
        history: the other rows about the job, as far as the person may read them.
        rtc: the RTC room without its signatures, or a text that says why it is not known.
    """
    history = history or History()
    job = SmartChatJob.remembered(start.job.job_id, start.job.configuration)
    stopped_by = history.stop.origin.user_id if history.stop else None
    life = JobLife(start.job.state or JobState.ACCEPTED, stopped_by=stopped_by)
    return modal(
        "Details",
        [
            section(words.headline(words.room(start.request.room_id, start.room_name), life)),
            section("\n".join(f"*{label}*  {value}" for label, value in _identity(start, job))),
            *long_id(start.job.job_id),
            *_in_columns(list(_picture(job))),
            *_voices(job),
            *_rtc(rtc),
            section("*Who did what*\n" + "\n".join(_events(start, history))),
            context(_small_print(start)),
        ],
    )


def not_visible() -> dict[str, Any]:
    """Return the modal that says that the person cannot read the channel of the start."""
    return modal("Details", [section("This job was started in a channel that cannot be read from here.")])


def _in_columns(facts: Sequence[Fact]) -> Iterator[Block]:
    yield from (fields(facts[at : at + FIELDS_LIMIT]) for at in range(0, len(facts), FIELDS_LIMIT))


def _identity(start: JobInvocation, job: SmartChatJob) -> Iterator[Fact]:
    yield "Job ID", job_code(start.job.job_id)
    yield "Room ID", code(start.request.room_id) or "none"
    region = job.region or start.request.region
    if region:
        yield "Region", words.region(region)
    if start.request.room_type:
        yield "Room type", code(start.request.room_type)
    if start.request.client_id:
        yield "Client ID", code(start.request.client_id)


def _picture(job: SmartChatJob) -> Iterator[Fact]:
    if picture := voice_and_video.picture(job):
        yield "Video", picture
    if job.is_transparent is not None:
        yield "Background", "Transparent" if job.is_transparent else "Not transparent"
    if job.chat_subtitle_config and (box := voice_and_video.subtitle_box(job.chat_subtitle_config)):
        yield "Subtitle box", box
    if job.default_language:
        yield "Default language", words.language(job.default_language)


def _voices(job: SmartChatJob) -> Iterator[Block]:
    told = [voice_and_video.voice_with_id(voice) for voice in job.voice_config_list or ()]
    lines = [f"• {voice}" for voice in told if voice]
    if lines:
        title = "*Voice*\n" if len(lines) == 1 else "*Voices*\n"
        yield section(title + fit_lines(lines, limit=SECTION_LIMIT - len(title), most=MOST_VOICES))


def _rtc(rtc: RtcRoomInfo | str | None) -> Iterator[Block]:
    told = _rtc_room(rtc) if isinstance(rtc, RtcRoomInfo) else rtc
    if told:
        yield section(f"*RTC*\n{told}")


def _rtc_room(room: RtcRoomInfo) -> str:
    """The app, the room, and how many users of which kind. A signature is not among it."""
    parts = []
    if room.app_id:
        parts.append(f"app {code(room.app_id)}")
    if room.room_id:
        parts.append(f"room {code(room.room_id)}")
    kinds = Counter(words.rtc_user(user.user_type or "unnamed kind") for user in room.users or () if user)
    if kinds:
        named = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common(10))
        parts.append(f"users: {named}")
    return words.capital(" · ".join(parts))


def _events(start: JobInvocation, history: History) -> Iterator[str]:
    """Return the lines that tell who did what, the oldest first."""
    if before := history.before:
        made = f"job {job_code(before.job.job_id)}" if before.job else "no job"
        yield f"• {moment(before.created_at)}: {mention(before.origin.user_id)} made the start before, {made}"
    how = f" with {code(start.text, _TYPED_LIMIT)}" if code(start.text) else ""
    yield f"• {moment(start.created_at)}: {mention(start.origin.user_id)} started it{how}"
    if start.job.adopted_at:
        yield f"• {moment(start.job.adopted_at)}: the job was found, for the answer to its start was lost"
    if stop := history.stop:
        yield f"• {moment(stop.created_at)}: {mention(stop.origin.user_id)} stopped it"
    if start.job.ended_at:
        yield f"• {moment(start.job.ended_at)}: it was over"
    if after := history.after:
        made = f"job {job_code(after.job.job_id)}" if after.job else "no job yet"
        yield f"• {moment(after.created_at)}: {mention(after.origin.user_id)} started it again, {made}"


def _small_print(start: JobInvocation) -> str:
    parts = [f"Request ID {code(start.answer.request_id)}"] if start.answer.request_id else []
    return " · ".join([*parts, f"Log entry {code(start.id)}"])
